// Models, versions, states and reasons, for people.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_TABLE_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_TABLE_H_

#include <map>
#include <string>
#include <vector>

#include "cpp_server/core/servable_state.h"

namespace trilho {

// One line a version, columns aligned:
//
//   MODEL   VERSION  STATE      REASON
//   mnist   2        AVAILABLE
//   census  -        -          no folder /models/census
//
// `states` as Manager::GetAllStates gives them; `problems` is by model what its
// Source last complained of, empty if of nothing; `warnings`, by model too, get
// a line each.
std::string ModelTable(const std::vector<std::string>& models,
                       const std::map<std::string, std::vector<ServableState>>& states,
                       const std::map<std::string, std::string>& problems,
                       const std::map<std::string, std::vector<std::string>>& warnings = {});

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_TABLE_H_
