#include "cpp_server/server/label_table.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace trilho {

bool LabelTable::IsAvailable(const std::string& model, int64_t version) const {
  return manager_->GetUntypedServableHandle({model, version}).ok();
}

void LabelTable::Set(const Labels& labels) {
  MutexLock lock(&mu_);
  std::map<std::string, std::map<std::string, Target>> targets;
  for (const auto& model : labels) {
    for (const auto& label : model.second) {
      Target target{label.second, absl::nullopt};
      const auto known = targets_.find(model.first);
      if (known != targets_.end() && known->second.count(label.first) > 0) {
        const Target& old = known->second.at(label.first);
        // The one that answers at this moment.
        target.before = old.before && !IsAvailable(model.first, old.version) ? old.before : old.version;
      }
      targets[model.first][label.first] = target;
    }
  }
  targets_ = std::move(targets);
}

absl::StatusOr<int64_t> LabelTable::Resolve(absl::string_view model, absl::string_view label) const {
  const std::string name(model);
  Target target;
  {
    MutexLock lock(&mu_);
    const auto found = targets_.find(name);
    const bool has_labels = found != targets_.end();
    const auto entry = has_labels ? found->second.find(std::string(label)) : decltype(found->second.end())();
    if (!has_labels || entry == found->second.end()) {
      std::vector<std::string> known;
      if (has_labels) {
        for (const auto& other : found->second) known.push_back(other.first);
      }
      return absl::InvalidArgumentError(
          absl::StrCat("Unrecognized servable version label: ", label,
                       known.empty() ? "" : absl::StrCat(" (labels of ", name, ": ", absl::StrJoin(known, ", "), ")")));
    }
    target = entry->second;
  }
  if (!target.before || IsAvailable(name, target.version)) return target.version;
  return *target.before;
}

Labels LabelTable::Waiting() const {
  MutexLock lock(&mu_);
  Labels waiting;
  for (const auto& [model, labels] : targets_) {
    for (const auto& [label, target] : labels) {
      if (IsAvailable(model, target.version)) continue;
      const bool answered = target.before && IsAvailable(model, *target.before);
      waiting[model][label] = answered ? *target.before : 0;
    }
  }
  return waiting;
}

std::map<std::string, std::vector<std::string>> LabelTable::Warnings() const {
  const Labels waiting = Waiting();
  const Labels set = Get();
  std::map<std::string, std::vector<std::string>> warnings;
  for (const auto& [model, labels] : waiting) {
    for (const auto& [label, before] : labels) {
      const auto known = set.find(model);
      // Somebody may have taken it away meanwhile.
      if (known == set.end() || known->second.count(label) == 0) continue;
      warnings[model].push_back(absl::StrCat(
          "label \"", label, "\" stands for version ", known->second.at(label), ", which is not available; ",
          before == 0 ? "calls by it are NOT_FOUND until it is"
                      : absl::StrCat("version ", before, " answers to it until it is")));
    }
  }
  return warnings;
}

Labels LabelTable::Get() const {
  MutexLock lock(&mu_);
  Labels labels;
  for (const auto& model : targets_) {
    for (const auto& label : model.second) labels[model.first][label.first] = label.second.version;
  }
  return labels;
}

}  // namespace trilho
