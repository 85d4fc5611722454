// Deadlines of gRPC calls on the monotonic clock.

#ifndef TRILHO_CPP_SERVER_RPC_DEADLINE_H_
#define TRILHO_CPP_SERVER_RPC_DEADLINE_H_

#include <chrono>

#include "grpc/support/time.h"

namespace trilho {

// Returns when `deadline`, of whatever clock, is due: the time that is left now, added to the monotonic clock, so that
// a step of the machine's clock moves no deadline. Returns time_point::max() if there is none, or none within a
// century: the callers of Java and Go may say 99999999 hours, which no clock of nanoseconds can hold.
std::chrono::steady_clock::time_point SteadyDeadline(gpr_timespec deadline);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_DEADLINE_H_
