#include "cpp_server/lifecycle/saved_model_files.h"

#include <cstdio>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "cpp_server/files/plain_file.h"

namespace trilho {
namespace {

constexpr char kIndex[] = "variables/variables.index";
constexpr absl::string_view kShardPrefix = "variables/variables.data-";
constexpr absl::string_view kShardMiddle = "-of-";

// TensorFlow 2's and 1's operations that make variables.
constexpr absl::string_view kVariableOps[] = {"VarHandleOp", "VariableV2"};
constexpr size_t kLongestOp = 11;

absl::StatusOr<bool> MakesVariables(const std::string& graph) {
  const auto file = OpenPlainFile(graph);
  if (!file.ok()) return absl::UnavailableError(file.status().message());
  std::string window;
  std::vector<char> block(1 << 20);
  for (size_t got = block.size(); got == block.size();) {
    got = std::fread(block.data(), 1, block.size(), file->get());
    window.append(block.data(), got);
    for (absl::string_view op : kVariableOps) {
      if (absl::StrContains(window, op)) return true;
    }
    // A name may begin at the end of one block and end in the next.
    if (window.size() > kLongestOp) window.erase(0, window.size() - kLongestOp);
  }
  if (std::ferror(file->get()) != 0) return absl::UnavailableError(absl::StrCat("Cannot read ", graph));
  return false;
}

// The first shard that is missing, of those that the present ones' names speak of; empty if there is none.
std::string MissingShard(const FileListing& listing) {
  std::set<std::string> shards;
  int total = 0;
  for (const auto& entry : listing) {
    absl::string_view name = entry.first;
    if (!absl::ConsumePrefix(&name, kShardPrefix)) continue;
    const size_t middle = name.find(kShardMiddle);
    if (middle == absl::string_view::npos) continue;
    if (absl::SimpleAtoi(name.substr(middle + kShardMiddle.size()), &total)) shards.insert(entry.first);
  }
  if (shards.empty()) return absl::StrCat(kShardPrefix, "00000-of-?????");
  for (int i = 0; i < total; ++i) {
    std::string shard = absl::StrFormat("%s%05d%s%05d", kShardPrefix, i, kShardMiddle, total);
    if (shards.count(shard) == 0) return shard;
  }
  return "";
}

}  // namespace

absl::Status CheckSavedModelFiles(const std::string& folder, const FileListing& listing) {
  const bool is_binary = listing.count("saved_model.pb") > 0;
  if (!is_binary && listing.count("saved_model.pbtxt") == 0) {
    return absl::NotFoundError(absl::StrCat(folder, " holds no saved_model.pb or saved_model.pbtxt"));
  }
  if (listing.count(kIndex) == 0) {
    const absl::StatusOr<bool> makes_variables =
        MakesVariables(absl::StrCat(folder, is_binary ? "/saved_model.pb" : "/saved_model.pbtxt"));
    if (!makes_variables.ok()) return makes_variables.status();
    if (!*makes_variables) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat(folder, " holds a graph with variables, but no ", kIndex));
  }
  const std::string missing = MissingShard(listing);
  if (missing.empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(folder, " holds ", kIndex, ", but no ", missing));
}

}  // namespace trilho
