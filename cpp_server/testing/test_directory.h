// A temporary folder for tests, with versions in it.

#ifndef TRILHO_CPP_SERVER_TESTING_TEST_DIRECTORY_H_
#define TRILHO_CPP_SERVER_TESTING_TEST_DIRECTORY_H_

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/lifecycle/sha256.h"
#include "gtest/gtest.h"

namespace trilho {

// Removed with all it holds when the object ends. Paths are relative to it.
class TestDirectory {
 public:
  TestDirectory() {
    std::string name = absl::StrCat(::testing::TempDir(), "/trilho-XXXXXX");
    path_ = ::mkdtemp(name.data()) == nullptr ? "/mkdtemp-failed" : name;
  }
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(const std::string& relative) const { return absl::StrCat(path_, "/", relative); }

  void MakeFolder(const std::string& relative) { std::filesystem::create_directories(Path(relative)); }

  void Write(const std::string& relative, const std::string& content) {
    const std::filesystem::path path(Path(relative));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  void Remove(const std::string& relative) { std::filesystem::remove_all(Path(relative)); }

  // A version as Trilho publishes it: `files` are (path, content).
  void Publish(const std::string& folder, const std::vector<std::pair<std::string, std::string>>& files) {
    std::vector<std::string> entries;
    const std::atomic<bool> never{false};
    for (const auto& [path, content] : files) {
      const std::string relative = absl::StrCat(folder, "/", path);
      Write(relative, content);
      entries.push_back(absl::StrCat("{\"path\": \"", path, "\", \"size\": \"", content.size(), "\", \"sha256\": \"",
                                     *Sha256OfFile(Path(relative), never), "\"}"));
    }
    Write(absl::StrCat(folder, "/manifest.json"),
          absl::StrCat("{\"format\": 1, \"model\": \"m\", \"files\": [", absl::StrJoin(entries, ", "), "]}"));
  }

 private:
  std::string path_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TESTING_TEST_DIRECTORY_H_
