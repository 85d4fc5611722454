#include "cpp_server/files/plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;

// Far more than any model has; a link may lead to the root of everything.
constexpr int64_t kMostEntries = 1000000;

absl::Status NotPlain(const std::string& path, mode_t mode) {
  return absl::InvalidArgumentError(absl::StrCat(path, " is ", KindOfFile(mode), ", not a plain file"));
}

}  // namespace

const char* KindOfFile(mode_t mode) {
  if (S_ISREG(mode)) return "a plain file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

absl::StatusOr<File> OpenPlainFile(const std::string& path) {
  struct stat info {};
  // Before it is opened, which alone makes some devices do something.
  if (::stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot open ", path));
  if (!S_ISREG(info.st_mode)) return NotPlain(path, info.st_mode);
  // It may be another one by now.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot open ", path));
  File file(::fdopen(descriptor, "rb"));
  if (file == nullptr) {
    const int error = errno;
    ::close(descriptor);
    return absl::ErrnoToStatus(error, absl::StrCat("Cannot open ", path));
  }
  if (::fstat(descriptor, &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot look at ", path));
  if (!S_ISREG(info.st_mode)) return NotPlain(path, info.st_mode);
  return file;
}

absl::StatusOr<std::string> ReadPlainFile(const std::string& path, int64_t max_bytes) {
  auto file = OpenPlainFile(path);
  if (!file.ok()) return file.status();
  constexpr size_t kBlock = size_t{64} << 10;
  const auto most = static_cast<size_t>(max_bytes);
  std::string content;
  for (;;) {
    const size_t before = content.size();
    // One byte more than allowed tells that there are more.
    content.resize(std::min(before + kBlock, most + 1));
    const size_t wanted = content.size() - before;
    const size_t got = std::fread(&content[before], 1, wanted, file->get());
    content.resize(before + got);
    if (std::ferror(file->get()) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot read ", path));
    if (content.size() > most) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " has more than ", max_bytes, " bytes, the most that such a file may have"));
    }
    if (got < wanted) return content;
  }
}

absl::Status CheckOnlyPlainFiles(const std::string& folder) {
  std::error_code error;
  int64_t entries = 0;
  // A link to a folder above has no end.
  std::set<std::pair<dev_t, ino_t>> seen;
  constexpr auto kOptions =
      fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator it(folder, kOptions, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    const std::string path = it->path().string();
    if (++entries > kMostEntries) {
      return absl::FailedPreconditionError(absl::StrCat(folder, " holds more than ", kMostEntries, " files"));
    }
    if (::stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) continue;
    if (S_ISDIR(info.st_mode)) {
      if (!seen.emplace(info.st_dev, info.st_ino).second) it.disable_recursion_pending();
      continue;
    }
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is ", KindOfFile(info.st_mode), "; a version consists of plain files and folders"));
  }
  return absl::OkStatus();
}

}  // namespace trilho
