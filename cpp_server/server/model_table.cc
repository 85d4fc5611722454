#include "cpp_server/server/model_table.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

using Row = std::array<std::string, 4>;

std::string Render(const std::vector<Row>& rows) {
  std::array<size_t, 3> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      absl::StrAppend(&line, row[i], std::string(widths[i] - row[i].size() + 2, ' '));
    }
    line += row.back();
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&table, line, "\n");
  }
  return table;
}

}  // namespace

std::string ModelTable(const std::vector<std::string>& models,
                       const std::map<std::string, std::vector<ServableState>>& states,
                       const std::map<std::string, std::string>& problems,
                       const std::map<std::string, std::vector<std::string>>& warnings) {
  std::vector<Row> rows = {{"MODEL", "VERSION", "STATE", "REASON"}};
  for (const std::string& model : models) {
    const auto known = states.find(model);
    const auto problem = problems.find(model);
    if (known == states.end() || known->second.empty()) {
      const bool has_reason = problem != problems.end() && !problem->second.empty();
      rows.push_back({model, "-", "-", has_reason ? problem->second : "no versions found"});
    } else {
      for (const ServableState& state : known->second) {
        rows.push_back({model, absl::StrCat(state.id.version), ShownStateName(state),
                        state.status.ok() ? state.progress : OneLine(state.status.message())});
      }
    }
    const auto warned = warnings.find(model);
    if (warned == warnings.end()) continue;
    for (const std::string& warning : warned->second) rows.push_back({model, "-", "-", OneLine(warning)});
  }
  return Render(rows);
}

}  // namespace trilho
