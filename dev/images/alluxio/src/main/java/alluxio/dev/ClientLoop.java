package alluxio.dev;

import alluxio.AlluxioURI;
import alluxio.client.file.FileInStream;
import alluxio.client.file.FileOutStream;
import alluxio.client.file.FileSystem;
import alluxio.conf.Configuration;
import alluxio.exception.AlluxioException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * One client that writes a file, reads it back and deletes it, again and again, and counts what fails and how long it had to
 * wait: <code>alluxio runClass alluxio.dev.ClientLoop FOLDER STOP_FILE [read]</code>. It ends when STOP_FILE exists. With
 * <code>read</code> it writes its files once, and from then on only reads them.
 *
 * <p>A command line tool would not do: its start takes longer than the gaps that are to be measured.
 */
public final class ClientLoop {
  private static final int SIZE = 64 * 1024;
  private static final long WORTH_A_LINE_MS = 1500;
  private static final long PAUSE_MS = 50;
  private static final int MOST_LINES = 100;
  private static final int FILES = 100;

  private final FileSystem fileSystem = FileSystem.Factory.create(Configuration.global());
  private final String folder;
  private final boolean writes;

  private ClientLoop(String folder, boolean writes) {
    this.folder = folder;
    this.writes = writes;
  }

  /**
   * Runs the loop.
   *
   * @param arguments the folder in Alluxio, the local file whose existence ends the loop, and <code>read</code> for one
   *     that only reads
   * @throws Exception if it can't begin
   */
  public static void main(String[] arguments) throws Exception {
    boolean writes = arguments.length < 3 || !arguments[2].equals("read");
    new ClientLoop(arguments[0], writes).run(Path.of(arguments[1]));
    System.exit(0);
  }

  private void run(Path stop) throws IOException, AlluxioException, InterruptedException {
    AlluxioURI all = new AlluxioURI(folder);
    if (!fileSystem.exists(all)) {
      fileSystem.createDirectory(all);
    }
    Random random = new Random();
    byte[] sent = new byte[SIZE];
    if (!writes) {
      random.nextBytes(sent);
      for (int number = 0; number < FILES; number++) {
        write(file(number), sent);
      }
      say("%d files written; from now on they are read", FILES);
    }
    long done = 0;
    long failed = 0;
    long longest = 0;
    long last = System.nanoTime();
    while (!Files.exists(stop)) {
      try {
        AlluxioURI path = file(done + failed);
        if (writes) {
          random.nextBytes(sent);
          write(path, sent);
        }
        read(path, sent);
        long gap = (System.nanoTime() - last) / 1_000_000;
        last = System.nanoTime();
        longest = Math.max(longest, gap);
        done++;
        if (gap > WORTH_A_LINE_MS) {
          say("waited %.1f s", gap / 1000.0);
        }
      } catch (IOException | AlluxioException | RuntimeException e) {
        failed++;
        if (failed <= MOST_LINES) {
          say("failed: %s", String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString()));
        }
      }
      Thread.sleep(PAUSE_MS);
    }
    say("%d files written and read, %d failed, longest gap %.1f s", done, failed, longest / 1000.0);
  }

  private AlluxioURI file(long number) {
    return new AlluxioURI(folder + "/" + number % FILES);
  }

  private void write(AlluxioURI path, byte[] sent) throws IOException, AlluxioException {
    if (fileSystem.exists(path)) {
      fileSystem.delete(path);
    }
    try (FileOutStream out = fileSystem.createFile(path)) {
      out.write(sent);
    }
  }

  private void read(AlluxioURI path, byte[] sent) throws IOException, AlluxioException {
    byte[] received = new byte[SIZE];
    try (FileInStream in = fileSystem.openFile(path)) {
      int read = 0;
      int more;
      while (read < SIZE && (more = in.read(received, read, SIZE - read)) > 0) {
        read += more;
      }
    }
    if (!Arrays.equals(sent, received)) {
      throw new IOException("read something else than was written: " + path);
    }
  }

  private static void say(String format, Object... values) {
    System.out.println(Instant.now() + " " + String.format(Locale.ROOT, format, values));
  }
}
