#include "cpp_server/lifecycle/manifest_check.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/files/plain_file.h"
#include "cpp_server/lifecycle/sha256.h"
#include "google/protobuf/util/json_util.h"

namespace trilho {
namespace {

constexpr int kFormat = 1;

// The size for a hundred thousand files, say. In memory a malicious one takes some thirty times as much.
constexpr int64_t kMostManifestBytes = int64_t{16} << 20;

bool StaysInside(const std::string& path) {
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    // An empty part is an absolute path, a doubled slash, or no path at all.
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace

const char kManifestName[] = "manifest.json";

absl::StatusOr<Manifest> ReadManifest(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kManifestName);
  const absl::StatusOr<std::string> text = ReadPlainFile(path, kMostManifestBytes);
  if (absl::IsInvalidArgument(text.status()) || absl::IsFailedPrecondition(text.status())) return text.status();
  // A disk's mood, or gone since it was listed.
  if (!text.ok()) return absl::UnavailableError(text.status().message());
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  Manifest manifest;
  const auto status = google::protobuf::util::JsonStringToMessage(*text, &manifest, options);
  if (!status.ok()) return absl::DataLossError(absl::StrCat(path, " does not parse: ", status.ToString()));
  if (manifest.format() > kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is of format ", manifest.format(), "; this server reads formats up to ", kFormat));
  }
  if (manifest.format() < 1) return absl::DataLossError(absl::StrCat(path, " names no valid format"));
  if (manifest.files().empty()) return absl::DataLossError(absl::StrCat(path, " lists no files"));
  return manifest;
}

absl::Status CheckManifest(const Manifest& manifest, const std::string& folder, const FileListing& listing,
                           const std::atomic<bool>& stop) {
  for (const ManifestFile& file : manifest.files()) {
    if (!StaysInside(file.path())) {
      return absl::InvalidArgumentError(
          absl::StrCat("The manifest of ", folder, " lists \"", file.path(), "\", which is not a path inside it"));
    }
    const auto found = listing.find(file.path());
    if (found == listing.end()) {
      return absl::DataLossError(absl::StrCat(folder, "/", file.path(), ": expected ", Counted(file.size(), "byte"),
                                              " by the manifest, found no such file"));
    }
    if (found->second.size != file.size()) {
      return absl::DataLossError(absl::StrCat(folder, "/", file.path(), ": expected ", Counted(file.size(), "byte"),
                                              " by the manifest, found ", found->second.size));
    }
  }
  for (const ManifestFile& file : manifest.files()) {
    const std::string path = absl::StrCat(folder, "/", file.path());
    const absl::StatusOr<std::string> sha256 = Sha256OfFile(path, stop);
    if (!sha256.ok()) return sha256.status();
    if (*sha256 != file.sha256()) {
      return absl::DataLossError(
          absl::StrCat(path, ": expected SHA-256 ", file.sha256(), " by the manifest, found ", *sha256));
    }
  }
  return absl::OkStatus();
}

}  // namespace trilho
