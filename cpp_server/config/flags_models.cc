#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(std::string, model_name, "default", "Name of the one model below --model_base_path.");
ABSL_FLAG(std::string, model_base_path, "", "Absolute path of the folder with the model's versions: 1/, 2/, ...");
ABSL_FLAG(std::string, model_config_file, "",
          "Text proto tensorflow.serving.ModelServerConfig naming one or more models; takes the place of --model_name "
          "and --model_base_path.");
ABSL_FLAG(int, model_config_file_poll_wait_seconds, 0,
          "Seconds between two looks at --model_config_file; what has changed is taken over. 0: look once.");
ABSL_FLAG(std::string, config_state_file, "",
          "File that keeps which models are configured as it changes at run time, for the next start; empty: none.");
ABSL_FLAG(bool, check_config, false, "Check the flags and every file that they name, say all that is wrong, and end.");
ABSL_FLAG(std::string, contracts, "",
          "Comma-separated descriptor sets of annotated .proto files, or folders of *.desc: their services are served "
          "from the models that they name.");
ABSL_FLAG(double, file_system_poll_wait_seconds, 1,
          "Seconds between two looks for versions; 0: look once; negative: never look.");
ABSL_FLAG(
    std::string, version_completeness, "stable",
    "What makes a version complete, so that it is loaded. stable: a manifest.json that holds, or without one a file "
    "_SUCCESS or files that have come to rest; manifest: a manifest.json that holds; success_file: a file _SUCCESS; "
    "none: its folder, as TF Serving has it.");
ABSL_FLAG(double, settle_seconds, 2, "Seconds without a change after which files have come to rest.");
ABSL_FLAG(int, max_num_load_retries, 5, "Tries after the first failed one to load a version.");
ABSL_FLAG(int64_t, load_retry_interval_micros, int64_t{60} * 1000 * 1000,
          "Microseconds before each of the tries of --max_num_load_retries; negative: none.");
ABSL_FLAG(double, max_first_load_wait_seconds, 300,
          "Seconds that a request of a model whose first load is under way waits for it, if its deadline lets it; at "
          "most --max_queued_requests do, over gRPC and over HTTP each. 0: it fails at once.");
ABSL_FLAG(bool, readiness_of_all_models, false,
          "The server is ready only while every configured model has an available version, not only those of its "
          "start.");
ABSL_FLAG(bool, enable_model_warmup, true,
          "Run a version's recorded requests before it takes others, and signatures with zeros as "
          "--synthetic_warmup_seconds says.");
ABSL_FLAG(
    double, synthetic_warmup_seconds, 5,
    "Seconds for which the signatures of a version are run with zeros, once each, before it takes requests; those "
    "whose graph may change something are not. 0: none is, as in TF Serving.");
ABSL_FLAG(int, num_request_iterations_for_warmup, 0,
          "How often each request of a version's assets.extra/tf_serving_warmup_requests is run; 0: once.");
ABSL_FLAG(bool, enable_signature_method_name_check, false,
          "Classify and Regress refuse signatures of another method_name than tensorflow/serving/classify and "
          "tensorflow/serving/regress, Predict those of neither these nor tensorflow/serving/predict.");
ABSL_FLAG(
    bool, strict_input_shapes, false,
    "Refuse inputs of other shapes than the signature declares before anything runs, naming the input. Without it "
    "the graph takes what it can, as in TF Serving; typed services and KServe's protocol refuse them always.");
