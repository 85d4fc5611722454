package io.trilho.hadoop;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Options.CreateOpts;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.yarn.server.nodemanager.Context;
import org.apache.hadoop.yarn.server.nodemanager.DefaultContainerExecutor;
import org.apache.hadoop.yarn.server.nodemanager.containermanager.launcher.ContainerLaunch;

/**
 * Runs each container in a root of its own, as DefaultContainerExecutor runs it in the machine's.
 *
 * <p>A program that {@value #ENTER} names becomes the container's launch script, in the root and in
 * the folder that it was started in. Everything else stays with the NodeManager, outside of the
 * root: localizing files, the files with the container's process number and exit code, signals.
 */
public final class RootContainerExecutor extends DefaultContainerExecutor {
  /** Names the setting with the program that enters the root. */
  public static final String ENTER = "trilho.nodemanager.enter-root";

  private static final String SESSION_SCRIPT = "root_container_executor_session.sh";

  /** Fails the start of a NodeManager that is not told how to enter its root. */
  @Override
  public void init(Context context) throws IOException {
    String program = getConf().getTrimmed(ENTER, "");
    if (!new File(program).canExecute()) {
      throw new IOException(ENTER + " is no program that can be run: '" + program + "'");
    }
    super.init(context);
  }

  @Override
  protected LocalWrapperScriptBuilder getLocalWrapperScriptBuilder(
      String containerId, Path workDirectory) {
    return new ScriptBuilder(workDirectory);
  }

  /** Writes the scripts of a container: one that notes its exit code, and within it its session. */
  private final class ScriptBuilder extends LocalWrapperScriptBuilder {
    private final Path session;

    ScriptBuilder(Path workDirectory) {
      super(workDirectory);
      session = new Path(workDirectory, SESSION_SCRIPT);
    }

    @Override
    public void writeLocalWrapperScript(Path launchScript, Path pidFile) throws IOException {
      FileContext local = FileContext.getLocalFSFileContext();
      try (OutputStream file =
              local.create(
                  session,
                  EnumSet.of(CreateFlag.CREATE, CreateFlag.OVERWRITE),
                  CreateOpts.perms(FsPermission.createImmutable((short) 0700)));
          PrintStream out = new PrintStream(file, false, StandardCharsets.UTF_8.name())) {
        out.println("#!/bin/bash");
        // The session's leader, whose number this is, becomes the container.
        out.println("echo $$ > " + quoted(pidFile + ".tmp"));
        out.println("/bin/mv -f " + quoted(pidFile + ".tmp") + " " + quoted(pidFile));
        out.println(
            "exec setsid "
                + quoted(getConf().getTrimmed(ENTER))
                + " /bin/bash "
                + quoted(launchScript.toUri().getPath()));
      }
      super.writeLocalWrapperScript(launchScript, pidFile);
    }

    @Override
    protected void writeLocalWrapperScript(Path launchScript, Path pidFile, PrintStream out) {
      String exitCode = ContainerLaunch.getExitCodeFile(pidFile.toString());
      out.println("#!/bin/bash");
      out.println("/bin/bash " + quoted(session));
      out.println("code=$?");
      out.println("echo $code > " + quoted(exitCode + ".tmp"));
      out.println("/bin/mv -f " + quoted(exitCode + ".tmp") + " " + quoted(exitCode));
      out.println("exit $code");
    }

    /** Returns a word of the shell; the paths of a state folder have no quotes. */
    private String quoted(Object path) {
      return "\"" + path + "\"";
    }
  }
}
