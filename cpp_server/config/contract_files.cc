#include "cpp_server/config/contract_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trilho {
namespace {

constexpr char kExtension[] = ".desc";

absl::Status Unreadable(const std::string& path, const std::error_code& error) {
  return absl::InvalidArgumentError(absl::StrCat("--contracts: cannot read ", path, ": ", error.message()));
}

// A file itself, or those of a folder.
absl::StatusOr<std::vector<std::string>> FilesAt(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == kExtension) files.push_back(entry->path().string());
  }
  if (error) return Unreadable(path, error);
  if (files.empty())
    return absl::InvalidArgumentError(absl::StrCat("--contracts: ", path, " has no file *", kExtension));
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::string> ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return Unreadable(path, std::make_error_code(std::errc::no_such_file_or_directory));
  }
  return content;
}

}  // namespace

absl::StatusOr<ContractFiles> ReadContractFiles(const std::string& paths) {
  ContractFiles read;
  for (const std::string& path : std::vector<std::string>(absl::StrSplit(paths, ',', absl::SkipEmpty()))) {
    const auto files = FilesAt(path);
    if (!files.ok()) return files.status();
    for (const std::string& file : *files) {
      auto content = ContentOf(file);
      if (!content.ok()) return content.status();
      auto contracts = ReadContracts(*content, file);
      absl::Status status = contracts.status();
      if (status.ok()) status = AddContracts(*std::move(contracts), &read.contracts);
      if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("--contracts: ", status.message()));
      read.descriptor_sets.push_back({file, *std::move(content)});
    }
  }
  return read;
}

}  // namespace trilho
