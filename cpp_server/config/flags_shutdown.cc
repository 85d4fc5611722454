#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(double, lame_duck_seconds, 0,
          "After SIGTERM, seconds in which health and readiness say no while calls are still taken, for balancers to "
          "notice.");
ABSL_FLAG(double, shutdown_grace_seconds, 30,
          "After SIGTERM or SIGINT, seconds that calls under way get to finish before they are cancelled.");
