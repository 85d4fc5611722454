// Configuration files: of batching, monitoring, TLS and sessions, and the one that a server writes itself.

#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/monitoring_config.h"
#include "cpp_server/config/saved_configuration.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/config/text_proto.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/memory_file.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace trilho {
namespace {

void RequireSound(const BatchingParameters& parameters) {
  FuzzRequire(parameters.Validate().ok(), "what was read is valid");
  const int64_t largest = parameters.LargestBatch();
  FuzzRequire(largest >= 1 && parameters.LargestTask() >= 1, "a request fits into a batch");
  FuzzRequire(parameters.QueueCapacity() >= largest, "a batch fits into a queue");
  for (const int64_t rows : {int64_t{1}, (largest + 1) / 2, largest}) {
    const int64_t padded = parameters.PaddedSize(rows);
    FuzzRequire(padded >= rows && padded <= largest, "a batch is padded to a size that is run");
  }
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {
      R"(max_batch_size { value: 128 } batch_timeout_micros { value: 0 } max_enqueued_batches { value: 1000000 }
         num_batch_threads { value: 8 } allowed_batch_sizes: [16, 64, 128] pad_variable_length_inputs: true)",
      R"(max_batch_size { value: 100 } enable_large_batch_splitting { value: true }
         max_execution_batch_size { value: 10 } allowed_batch_sizes: 5 allowed_batch_sizes: 10)",
      R"(prometheus_config { enable: true path: "/monitoring/prometheus/metrics" })",
      // The key and the certificate of RFC 8410.
      R"(server_key: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC)"
      R"(\n-----END PRIVATE KEY-----\n"
         server_cert: "-----BEGIN CERTIFICATE-----\nMIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZX)"
      R"(N0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQDDA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8A)"
      R"(mJMKdUdIt93LQ+91oNvzoNJjga9OukqY6qm05qo0IwQDAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAdBgNVHQ4EFgQUmx9e7e0E)"
      R"(M4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v/BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cgw1)"
      R"(AH9efZBw==\n-----END CERTIFICATE-----\n" custom_ca: "" client_verify: false)",
      R"(# Written by a server
# generation: 18446744073709551615
# given: 00ff
model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" } }
)",
      R"(device_count { key: "CPU" value: 1 } intra_op_parallelism_threads: 1 graph_options { place_pruned_graph: true }
         session_inter_op_thread_pool { num_threads: 2 } cluster_def { job { name: "j" tasks { key: 0 value: "t" } } })",
  };
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  static auto* const file = new MemoryFile;
  const std::string text(reinterpret_cast<const char*>(data), size);
  file->Write(text);

  const auto batching = ReadBatchingParametersFile("batching", file->path());
  if (batching.ok()) RequireSound(*batching);
  const auto monitoring = ReadMonitoringConfigFile(file->path());
  if (monitoring.ok()) {
    const std::string path = PrometheusPathOf(*monitoring);
    FuzzRequire(path.empty() || path[0] == '/', "metrics have a path");
  }
  const auto ssl = ReadSslConfigFile("--ssl_config_file", file->path());
  FuzzRequire(ssl.ok() || absl::IsInvalidArgument(ssl.status()), "the file is at fault");
  const auto saved = ReadSavedConfiguration(file->path());
  if (saved.ok()) FuzzRequire(saved->has_value() && !(*saved)->given.empty(), "it is headed as a server does");
  const auto models = ReadModelConfigFile(file->path());
  if (models.ok()) FuzzRequire(ModelConfigProblems(*models).empty(), "an accepted file has no problem");
  tensorflow::ConfigProto session;
  ParseTextProto("session", text, &session).IgnoreError();
  return 0;
}
