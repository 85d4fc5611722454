// Which values of flags cannot be.

#ifndef TRILHO_CPP_SERVER_CONFIG_FLAG_PROBLEMS_H_
#define TRILHO_CPP_SERVER_CONFIG_FLAG_PROBLEMS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace trilho {

// Both ends belong to it.
struct IntegerRange {
  const char* flag;
  int64_t least;
  int64_t most;
};
struct NumberRange {
  const char* flag;
  double least;
  double most;
};

const std::vector<IntegerRange>& IntegerRanges();
const std::vector<NumberRange>& NumberRanges();

// A sentence for each value out of its range, each flag that is refused and
// each set of flags that exclude each other; opens no file.
std::vector<std::string> FlagProblems();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_FLAG_PROBLEMS_H_
