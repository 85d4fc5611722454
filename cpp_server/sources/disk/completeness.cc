#include "cpp_server/sources/disk/completeness.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/sources/disk/manifest_check.h"
#include "cpp_server/sources/disk/saved_model_files.h"

namespace trilho {
namespace {

constexpr char kSuccessName[] = "_SUCCESS";

bool Has(const FileListing& listing, const char* name) { return listing.count(name) > 0; }

}  // namespace

CompletenessChecker::CompletenessChecker(Options options) : options_(std::move(options)) {}

absl::Status CompletenessChecker::Check(const std::string& folder) {
  // What is wrong with it, the load will tell.
  if (options_.completeness == VersionCompleteness::kNone) return absl::OkStatus();
  const auto now = options_.now ? options_.now() : std::chrono::system_clock::now();
  const bool is_turn = IsTurn();
  const auto [it, is_new] = memories_.try_emplace(folder);
  Memory& memory = it->second;
  if (!is_turn && memory.has_verdict) {
    absl::Status before = Judge(memory, now);
    // A version is complete by what it is now.
    if (!before.ok()) return before;
  }
  absl::StatusOr<FileListing> listing = ListFiles(folder);
  if (absl::IsFailedPrecondition(listing.status())) {
    memory = Memory();
    memory.has_verdict = true;
    memory.verdict = listing.status();
    return memory.verdict;
  }
  if (!listing.ok()) {
    memories_.erase(it);
    return listing.status();
  }
  const bool is_same = !is_new && memory.is_listed && memory.listing == *listing;
  if (!is_same) memory.since = now;
  if (!is_same || !memory.has_verdict) {
    memory.verdict = Verify(folder, *listing);
    // What came of a disk's mood or of a stop is asked again.
    memory.has_verdict = !absl::IsUnavailable(memory.verdict) && !absl::IsCancelled(memory.verdict);
    memory.listing = *std::move(listing);
    memory.is_listed = true;
  }
  if (!memory.verdict.ok()) return Judge(memory, now);
  // What its writer has marked as complete needs no time to prove itself.
  if (Has(memory.listing, kManifestName) || Has(memory.listing, kSuccessName)) return absl::OkStatus();
  if (IsAtRest(memory, now)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(folder, " still changes; waiting for its files to come to rest"));
}

absl::Status CompletenessChecker::Judge(const Memory& memory, TimePoint now) const {
  const bool is_final = !memory.is_listed || IsAtRest(memory, now) || absl::IsCancelled(memory.verdict);
  if (memory.verdict.ok() || is_final) return memory.verdict;
  return absl::UnavailableError(absl::StrCat("Perhaps still being written: ", memory.verdict.message()));
}

bool CompletenessChecker::IsAtRest(const Memory& memory, TimePoint now) const {
  return now - memory.since >= options_.settle_time || IsOld(memory.listing, now);
}

bool CompletenessChecker::IsTurn() {
  const size_t check = checks_++;
  const size_t turns = memories_.size() / kMostAtEveryLook + 1;
  return check < kMostAtEveryLook || check % turns == looks_ % turns;
}

void CompletenessChecker::BeginLook(const std::set<std::string>& folders) {
  ++looks_;
  checks_ = 0;
  for (auto it = memories_.begin(); it != memories_.end();) {
    it = folders.count(it->first) > 0 ? std::next(it) : memories_.erase(it);
  }
}

absl::Status CompletenessChecker::Verify(const std::string& folder, const FileListing& listing) const {
  const VersionCompleteness wanted = options_.completeness;
  if (wanted == VersionCompleteness::kSuccessFile && !Has(listing, kSuccessName)) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, " has no file _SUCCESS, which --version_completeness=success_file asks for"));
  }
  if (wanted == VersionCompleteness::kManifest && !Has(listing, kManifestName)) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, " has no manifest.json, which --version_completeness=manifest asks for"));
  }
  if (Has(listing, kManifestName)) {
    const absl::StatusOr<Manifest> manifest = ReadManifest(folder);
    if (!manifest.ok()) return manifest.status();
    absl::Status checked =
        CheckManifest(*manifest, folder, listing, options_.stop != nullptr ? *options_.stop : never_stop_);
    if (!checked.ok()) return checked;
    // A manifest may be true to a folder that its writer left half of, and TensorFlow loads a graph without its
    // variables, to fail at every run.
  }
  return CheckSavedModelFiles(folder, listing);
}

bool CompletenessChecker::IsOld(const FileListing& listing, TimePoint now) const {
  if (listing.empty()) return false;  // a folder just made, perhaps
  int64_t newest = 0;
  for (const auto& entry : listing) newest = std::max(newest, entry.second.changed);
  const auto latest = now.time_since_epoch() - options_.settle_time;
  return newest <= std::chrono::duration_cast<std::chrono::nanoseconds>(latest).count();
}

}  // namespace trilho
