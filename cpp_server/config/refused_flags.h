// Flags of TF Serving for what is not to be had on TensorFlow's C API.

#ifndef TRILHO_CPP_SERVER_CONFIG_REFUSED_FLAGS_H_
#define TRILHO_CPP_SERVER_CONFIG_REFUSED_FLAGS_H_

#include <string>
#include <vector>

namespace trilho {

// Accepted at its default, so that a command line that spells it out still
// works.
struct RefusedFlag {
  const char* name;
  const char* why;
  // What to do now.
  const char* instead;
};

const std::vector<RefusedFlag>& RefusedFlags();

// A sentence for each of them that has another value than its default.
std::vector<std::string> RefusedFlagProblems();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_REFUSED_FLAGS_H_
