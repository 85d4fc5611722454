#include "cpp_server/storage/local/file_listing.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cpp_server/files/plain_file.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;

// A SavedModel has two or three levels, and teams keep more in assets; a link to a folder above has no end.
constexpr int kMaxDepth = 16;

// Far more than any model has; a link may lead to the root of everything.
constexpr size_t kMostFiles = 1000000;

int64_t Nanoseconds(const struct timespec& time) { return int64_t{time.tv_sec} * 1000000000 + time.tv_nsec; }

}  // namespace

absl::StatusOr<FileListing> ListFiles(const std::string& folder) {
  FileListing listing;
  std::error_code error;
  // variables/ may be a link to weights that versions share; TensorFlow follows it.
  constexpr auto kFollow = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator it(folder, kFollow, error), end; !error && it != end; it.increment(error)) {
    const std::string path = it->path().string();
    if (it.depth() > kMaxDepth) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is more than ", kMaxDepth, " folders deep; is it a link to a folder above?"));
    }
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) {
      return absl::UnavailableError(absl::StrCat("Cannot look at ", path, ": ", std::strerror(errno)));
    }
    if (S_ISDIR(info.st_mode)) continue;
    if (!S_ISREG(info.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is ", KindOfFile(info.st_mode), "; a version consists of plain files and folders"));
    }
    if (listing.size() == kMostFiles) {
      return absl::FailedPreconditionError(absl::StrCat(folder, " holds more than ", kMostFiles, " files"));
    }
    listing[it->path().lexically_relative(folder).generic_string()] =
        FileStamp{int64_t{info.st_size}, std::max(Nanoseconds(info.st_mtim), Nanoseconds(info.st_ctim))};
  }
  if (error) {
    const std::string message = absl::StrCat("Cannot list ", folder, ": ", error.message());
    if (error == std::errc::no_such_file_or_directory && listing.empty()) return absl::NotFoundError(message);
    return absl::UnavailableError(message);
  }
  return listing;
}

}  // namespace trilho
