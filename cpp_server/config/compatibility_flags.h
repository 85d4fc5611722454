// Flags of TF Serving that are accepted and change nothing.

#ifndef TRILHO_CPP_SERVER_CONFIG_COMPATIBILITY_FLAGS_H_
#define TRILHO_CPP_SERVER_CONFIG_COMPATIBILITY_FLAGS_H_

#include <set>
#include <string>
#include <vector>

namespace trilho {

struct CompatibilityFlag {
  const char* name;
  // What this server does anyway: nothing to say then.
  const char* as_it_is;
  // Why another value has no effect.
  const char* why;
};

const std::vector<CompatibilityFlag>& CompatibilityFlags();

// A line for the log for each flag of `given` whose value asks for what it does
// not get.
std::vector<std::string> CompatibilityNotes(const std::set<std::string>& given);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_COMPATIBILITY_FLAGS_H_
