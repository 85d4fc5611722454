#include "cpp_server/lifecycle/completeness.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/lifecycle/manifest_check.h"
#include "cpp_server/lifecycle/saved_model_files.h"

namespace trilho {
namespace {

constexpr char kSuccessName[] = "_SUCCESS";

bool Has(const FileListing& listing, const char* name) { return listing.count(name) > 0; }

}  // namespace

CompletenessChecker::CompletenessChecker(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::string> CompletenessChecker::Check(const VersionStore& store, const StoredVersion& version) {
  // The load will tell what is wrong with it.
  if (options_.completeness == VersionCompleteness::kNone) return store.Fetch(version, stop());
  const auto now = options_.now ? options_.now() : std::chrono::system_clock::now();
  const bool is_turn = IsTurn();
  const auto [it, is_new] = memories_.try_emplace(version.path);
  Memory& memory = it->second;
  if (!is_turn && memory.has_verdict) {
    absl::Status before = Judge(memory, now);
    // A version is complete by what it is now.
    if (!before.ok()) return before;
  }
  absl::StatusOr<FileListing> listing = store.Stat(version);
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
    memory.verdict = Verify(store, version, *listing, &memory.folder);
    // A verdict that a disk's mood or a stop has brought is asked for again.
    memory.has_verdict = !absl::IsUnavailable(memory.verdict) && !absl::IsCancelled(memory.verdict);
    memory.listing = *std::move(listing);
    memory.is_listed = true;
  }
  if (!memory.verdict.ok()) return Judge(memory, now);
  // A version that its writer has marked as complete needs no time to prove itself.
  if (Has(memory.listing, kManifestName) || Has(memory.listing, kSuccessName)) return memory.folder;
  if (IsAtRest(memory, now)) return memory.folder;
  return absl::UnavailableError(absl::StrCat(version.path, " still changes; waiting for its files to come to rest"));
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

void CompletenessChecker::BeginLook(const std::set<std::string>& paths) {
  ++looks_;
  checks_ = 0;
  for (auto it = memories_.begin(); it != memories_.end();) {
    it = paths.count(it->first) > 0 ? std::next(it) : memories_.erase(it);
  }
}

absl::Status CompletenessChecker::Verify(const VersionStore& store, const StoredVersion& version,
                                         const FileListing& listing, std::string* folder) const {
  const VersionCompleteness wanted = options_.completeness;
  if (wanted == VersionCompleteness::kSuccessFile && !Has(listing, kSuccessName)) {
    return absl::FailedPreconditionError(
        absl::StrCat(version.path, " has no file _SUCCESS, which --version_completeness=success_file asks for"));
  }
  if (wanted == VersionCompleteness::kManifest && !Has(listing, kManifestName)) {
    return absl::FailedPreconditionError(
        absl::StrCat(version.path, " has no manifest.json, which --version_completeness=manifest asks for"));
  }
  absl::StatusOr<std::string> fetched = store.Fetch(version, stop());
  if (!fetched.ok()) return fetched.status();
  *folder = *std::move(fetched);
  if (Has(listing, kManifestName)) {
    const absl::StatusOr<Manifest> manifest = ReadManifest(*folder);
    if (!manifest.ok()) return manifest.status();
    absl::Status checked = CheckManifest(*manifest, *folder, listing, stop());
    if (!checked.ok()) return checked;
    // A manifest may be true to a folder that its writer left half of, and TensorFlow loads a graph without its
    // variables, to fail at every run.
  }
  return CheckSavedModelFiles(*folder, listing);
}

bool CompletenessChecker::IsOld(const FileListing& listing, TimePoint now) const {
  if (listing.empty()) return false;  // a folder just made, perhaps
  int64_t newest = 0;
  for (const auto& entry : listing) newest = std::max(newest, entry.second.changed);
  const auto latest = now.time_since_epoch() - options_.settle_time;
  return newest <= std::chrono::duration_cast<std::chrono::nanoseconds>(latest).count();
}

}  // namespace trilho
