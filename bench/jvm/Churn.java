import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import javax.management.ObjectName;

/**
 * Keeps a graph of objects alive and replaces parts of it, so that the collector fills its tables of references
 * between regions. Prints the JVM's own account of its native memory after each part of the work.
 */
final class Churn {
    private static final int SIZE = 1024;
    private static final int PARTS = 6;

    private static final class Node {
        final byte[] content = new byte[SIZE];
        Node left;
        Node right;
    }

    public static void main(String[] arguments) throws Exception {
        long live = Long.parseLong(arguments[0]) * 1024 * 1024 / SIZE;
        long allocated = Long.parseLong(arguments[1]) * 1024 * 1024 / SIZE;
        Node[] nodes = new Node[(int) Math.max(1, live)];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; live > 0 && i < nodes.length; i++) {
            nodes[i] = linked(nodes, random, Math.max(1, i));
        }
        for (int part = 0; part < PARTS; part++) {
            for (long i = 0; live > 0 && i < allocated / PARTS; i++) {
                nodes[random.nextInt(nodes.length)] = linked(nodes, random, nodes.length);
            }
            if (part == PARTS - 2) {
                System.gc();
            }
            System.out.println(account());
        }
    }

    private static Node linked(Node[] nodes, SplittableRandom random, int filled) {
        Node node = new Node();
        Node other = nodes[random.nextInt(filled)];
        if (other != null) {
            // One reference from the new object to an old one, and one back: those are the expensive ones. Cutting the
            // others' references keeps replaced objects from staying alive.
            node.left = other;
            other.left = null;
            other.right = node;
        }
        return node;
    }

    private static Object account() throws Exception {
        return ManagementFactory.getPlatformMBeanServer().invoke(
            new ObjectName("com.sun.management:type=DiagnosticCommand"),
            "vmNativeMemory",
            new Object[] {new String[] {"summary"}},
            new String[] {String[].class.getName()});
    }
}
