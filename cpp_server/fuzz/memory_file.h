// Files for fuzz targets of what reads files.

#ifndef TRILHO_CPP_SERVER_FUZZ_MEMORY_FILE_H_
#define TRILHO_CPP_SERVER_FUZZ_MEMORY_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/string_view.h"
#include "cpp_server/fuzz/fuzz_target.h"

namespace trilho {

// A file that no disk holds, written again for every run. Lives as long as its object.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    FuzzRequire(fd_ >= 0, "a file in memory can be made");
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }

  // Replaces what it holds.
  void Write(absl::string_view content) {
    const auto size = static_cast<ssize_t>(content.size());
    FuzzRequire(::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, content.data(), content.size(), 0) == size,
                "the file in memory is written");
  }

 private:
  const int fd_;
  const std::string path_;
};

// A new folder below $TEST_TMPDIR or /tmp, removed with all it holds when the object ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* const parent = std::getenv("TEST_TMPDIR");
    path_ = std::string(parent == nullptr ? "/tmp" : parent) + "/fuzz-XXXXXX";
    FuzzRequire(::mkdtemp(path_.data()) != nullptr, "a temporary folder can be made");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_FUZZ_MEMORY_FILE_H_
