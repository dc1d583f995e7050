/* Creates and removes the directory of a volume, called as `volume -p DIRECTORY -s BYTES -m MODE -a create|delete`:
 * the helper of local-path-provisioner, in an image that needs no shell. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int drop(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int fail(const char *action, const char *path) {
    fprintf(stderr, "%s %s: %s\n", action, path, strerror(errno));
    return 1;
}

int main(int count, char **arguments) {
    const char *path = NULL, *action = NULL;
    int option;
    while ((option = getopt(count, arguments, "p:s:m:a:")) != -1) {
        if (option == 'p') path = optarg;
        if (option == 'a') action = optarg;
    }
    const char *name = path ? strrchr(path, '/') : NULL;
    if (!action || !name || strncmp(name, "/pvc-", 5) != 0) {
        fprintf(stderr, "usage: volume -p /.../pvc-NAME -s BYTES -m MODE -a create|delete\n");
        return 2;
    }
    if (strcmp(action, "create") == 0) {
        /* chmod after mkdir, because the umask must not deny writing to pods that don't run as root. */
        if (mkdir(path, 0777) < 0 && errno != EEXIST) return fail("mkdir", path);
        return chmod(path, 0777) < 0 ? fail("chmod", path) : 0;
    }
    if (strcmp(action, "delete") == 0) {
        return nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT ? fail("remove", path) : 0;
    }
    fprintf(stderr, "unknown action %s\n", action);
    return 2;
}
