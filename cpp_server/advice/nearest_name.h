// Which name was meant.

#ifndef TRILHO_CPP_SERVER_ADVICE_NEAREST_NAME_H_
#define TRILHO_CPP_SERVER_ADVICE_NEAREST_NAME_H_

#include <string>
#include <vector>

namespace trilho {

// The name out of `known` that takes the fewest edits to become `name`; empty
// if all are far.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ADVICE_NEAREST_NAME_H_
