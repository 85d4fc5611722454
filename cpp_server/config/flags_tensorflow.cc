#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(int64_t, tensorflow_session_parallelism, 0,
          "Threads of a session, both for what --tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism "
          "say; not together with both. 0: not set.");
// TF Serving's default, 0, means one per CPU, which costs small models ten times the CPU time.
ABSL_FLAG(int64_t, tensorflow_intra_op_parallelism, 1,
          "Threads that one operation may spread over; 0: one per CPU. One is best for small models; heavy ones with "
          "large batches may want more.");
ABSL_FLAG(int64_t, tensorflow_inter_op_parallelism, 0,
          "Threads that operations of a session may run on side by side; 0: TensorFlow decides.");
ABSL_FLAG(double, max_run_seconds, 0,
          "A model's run that takes longer is ended and its calls are answered DEADLINE_EXCEEDED (504); costs each run "
          "a change of threads. 0: it may take forever.");
ABSL_FLAG(std::string, tensorflow_session_config_file, "",
          "Text proto tensorflow.ConfigProto that sessions are made with; flags that are given come before it.");
ABSL_FLAG(std::string, saved_model_tags, "serve", "Comma-separated tags of the MetaGraph to load.");
ABSL_FLAG(std::string, op_library, "",
          "Comma-separated shared libraries (.so) of custom operations, loaded before any model.");
