package alluxio.logserver;

import alluxio.AlluxioRemoteLogFilter;

import org.apache.log4j.Hierarchy;
import org.apache.log4j.Level;
import org.apache.log4j.Logger;
import org.apache.log4j.PropertyConfigurator;
import org.apache.log4j.spi.LoggerRepository;
import org.apache.log4j.spi.LoggingEvent;
import org.apache.log4j.spi.RootLogger;
import org.slf4j.LoggerFactory;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Properties;

/**
 * Stands in for Alluxio's log server, whose jar isn't published.
 *
 * <p>It takes the log events that log4j's SocketAppender sends and writes them as the real one does:
 * {@code LOGS_DIR/PROCESS/CLIENT_ADDRESS.log}, by the appender LOGSERVER_CLIENT_LOGGER of log4j.properties.
 */
public final class StandInLogServer {
  private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(StandInLogServer.class);

  private static final String CLIENT_APPENDER = "LOGSERVER_CLIENT_LOGGER";

  /** What a log event consists of; a stream with anything else in it is refused, whoever sends it. */
  private static final ObjectInputFilter ONLY_LOG_EVENTS = ObjectInputFilter.Config.createFilter(
      "maxdepth=10;maxrefs=10000;maxarray=100000;"
          + "org.apache.log4j.spi.LoggingEvent;org.apache.log4j.spi.ThrowableInformation;"
          + "org.apache.log4j.spi.LocationInfo;org.apache.log4j.Level;org.apache.log4j.Priority;"
          + "java.lang.String;java.lang.Enum;java.lang.Number;java.lang.Integer;java.lang.Long;"
          + "java.util.Hashtable;java.util.Map$Entry;java.lang.Object;!*");

  private final Path mLogs;
  private final URI mConfiguration;

  private StandInLogServer(Path logs, URI configuration) {
    mLogs = logs;
    mConfiguration = configuration;
  }

  /**
   * Serves until it is stopped.
   *
   * @param args the folder to write to
   */
  public static void main(String[] args) throws IOException {
    int port = Integer.getInteger("alluxio.logserver.port", 45600);
    URI configuration = URI.create(System.getProperty("log4j.configuration"));
    StandInLogServer server = new StandInLogServer(Path.of(args[0]), configuration);
    try (ServerSocket listener = new ServerSocket(port)) {
      LOG.info("Log server (stand-in) listens on port {} and writes to {}", port, args[0]);
      while (true) {
        Socket client = listener.accept();
        Thread thread = new Thread(() -> server.serve(client), "client-" + client.getInetAddress());
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  private void serve(Socket client) {
    InetAddress address = client.getInetAddress();
    LoggerRepository loggers = null;
    try (client; InputStream raw = new BufferedInputStream(client.getInputStream());
         ObjectInputStream events = new ObjectInputStream(raw)) {
      events.setObjectInputFilter(ONLY_LOG_EVENTS);
      while (true) {
        LoggingEvent event = (LoggingEvent) events.readObject();
        if (loggers == null) {
          Object process = event.getMDC(AlluxioRemoteLogFilter.REMOTE_LOG_MDC_PROCESS_TYPE_KEY);
          loggers = loggersFor(String.valueOf(process), address);
          LOG.info("{} at {} sends its log", process, address.getHostAddress());
        }
        Logger logger = loggers.getLogger(event.getLoggerName());
        if (event.getLevel().isGreaterOrEqual(logger.getEffectiveLevel())) {
          logger.callAppenders(event);
        }
      }
    } catch (EOFException e) {
      // A probe connects and says nothing; only what logged is worth a line.
      if (loggers != null) {
        LOG.info("A log client at {} is gone", address.getHostAddress());
      }
    } catch (IOException | ClassNotFoundException | RuntimeException e) {
      LOG.warn("Log client {} is dropped: {}", address.getHostAddress(), e.toString());
    } finally {
      if (loggers != null) {
        loggers.shutdown();
      }
    }
  }

  private LoggerRepository loggersFor(String process, InetAddress address) throws IOException {
    // The name comes over the network and becomes a folder: nothing but letters and underscores.
    if (!process.matches("[A-Za-z_]{1,40}")) {
      throw new IOException("no process type in the first event");
    }
    Path folder = Files.createDirectories(mLogs.resolve(process.toLowerCase(Locale.ROOT)));
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(Path.of(mConfiguration))) {
      properties.load(in);
    }
    properties.setProperty("log4j.rootLogger", Level.INFO + "," + CLIENT_APPENDER);
    properties.setProperty("log4j.appender." + CLIENT_APPENDER + ".File",
        folder.resolve(address.getHostAddress() + ".log").toString());
    Hierarchy hierarchy = new Hierarchy(new RootLogger(Level.INFO));
    new PropertyConfigurator().doConfigure(properties, hierarchy);
    return hierarchy;
  }
}
