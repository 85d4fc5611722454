// What --help prints.

#ifndef TRILHO_CPP_SERVER_CONFIG_FLAG_HELP_H_
#define TRILHO_CPP_SERVER_CONFIG_FLAG_HELP_H_

#include <string>
#include <vector>

namespace trilho {

// Sorted; without those that absl brings along.
std::vector<std::string> ServerFlags();

// Every flag of the server once, with default and meaning, by subject.
std::string FlagHelp();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_FLAG_HELP_H_
