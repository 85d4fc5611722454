#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(bool, enable_batching, false, "Run requests of one signature together, as batches.");
ABSL_FLAG(std::string, batching_parameters_file, "",
          "Text proto tensorflow.serving.BatchingParameters; needs --enable_batching.");
ABSL_FLAG(bool, enable_per_model_batching_parameters, false,
          "Batch a version as the batching_params.pbtxt in its folder says, and not at all without one; of "
          "--batching_parameters_file only the thread pool counts.");
ABSL_FLAG(bool, explain_batching, false,
          "Log of every signature that is loaded whether it is batched, how, or why not.");
