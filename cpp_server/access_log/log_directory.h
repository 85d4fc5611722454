// A temporary folder for tests of log files.

#ifndef TRILHO_CPP_SERVER_ACCESS_LOG_LOG_DIRECTORY_H_
#define TRILHO_CPP_SERVER_ACCESS_LOG_LOG_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace trilho {

// Removed with all it holds when the object ends.
class LogDirectory {
 public:
  LogDirectory() {
    std::string name = absl::StrCat(::testing::TempDir(), "/log-XXXXXX");
    path_ = ::mkdtemp(name.data()) == nullptr ? "/mkdtemp-failed" : name;
  }
  ~LogDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  LogDirectory(const LogDirectory&) = delete;
  LogDirectory& operator=(const LogDirectory&) = delete;

  std::string Path(const std::string& name) const { return absl::StrCat(path_, "/", name); }

  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }

  // Empty if there is no such file.
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

 private:
  std::string path_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ACCESS_LOG_LOG_DIRECTORY_H_
