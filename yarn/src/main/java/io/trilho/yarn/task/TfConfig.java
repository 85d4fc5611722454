package io.trilho.yarn.task;

import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.Wire;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The value of TF_CONFIG. */
final class TfConfig {
  private TfConfig() {}

  /**
   * Returns what TensorFlow reads.
   *
   * @param cluster addresses by role, in the order of the tasks' indices
   * @param role the task's role; an evaluator's is not in the cluster, as TensorFlow has it
   * @param index the task's index
   */
  static String of(Map<String, List<String>> cluster, RoleType role, int index) {
    Map<String, Object> task = new LinkedHashMap<>();
    task.put("type", role.label());
    task.put("index", index);
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("cluster", cluster);
    config.put("task", task);
    String json = new String(Wire.write(config), StandardCharsets.UTF_8);
    // A line, because launchers and logs print it; JSON has no line break within a text.
    return json.replaceAll("\n\\s*", "");
  }
}
