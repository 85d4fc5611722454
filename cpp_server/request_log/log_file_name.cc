#include "cpp_server/request_log/log_file_name.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".tfrecord";

// Whether `stem` is YYYYMMDDThhmmss-NNNNN.
bool IsTimeAndSequence(absl::string_view stem) {
  constexpr absl::string_view kPattern = "########T######-#####";
  if (stem.size() != kPattern.size()) return false;
  for (size_t i = 0; i < stem.size(); ++i) {
    const bool fits =
        kPattern[i] == '#' ? absl::ascii_isdigit(static_cast<unsigned char>(stem[i])) : stem[i] == kPattern[i];
    if (!fits) return false;
  }
  return true;
}

// False if `name` is none of `base`'s files.
bool ParseName(absl::string_view name, absl::string_view base, LogFile* file) {
  if (!absl::ConsumePrefix(&name, base) || !absl::ConsumePrefix(&name, "-")) return false;
  if (absl::ConsumeSuffix(&name, kPartSuffix)) {
    file->kind = LogFile::Kind::kPart;
  } else if (absl::ConsumeSuffix(&name, kDamagedSuffix)) {
    file->kind = LogFile::Kind::kDamaged;
  }
  return absl::ConsumeSuffix(&name, kSuffix) && IsTimeAndSequence(name);
}

}  // namespace

std::string LogFilePath(absl::string_view prefix, absl::Time time, uint64_t sequence) {
  return absl::StrCat(prefix, "-", absl::FormatTime("%Y%m%dT%H%M%S", time, absl::UTCTimeZone()), "-",
                      absl::Dec(sequence % 100000, absl::kZeroPad5), kSuffix);
}

absl::StatusOr<std::vector<LogFile>> ListLogFiles(const std::string& prefix) {
  const fs::path path(prefix);
  const std::string base = path.filename().string();
  std::vector<LogFile> files;
  std::error_code error;
  for (fs::directory_iterator it(path.parent_path(), error), end; !error && it != end; it.increment(error)) {
    LogFile file;
    if (!ParseName(it->path().filename().string(), base, &file)) continue;
    std::error_code gone;
    const auto bytes = it->file_size(gone);
    if (gone) continue;  // somebody else has renamed or deleted it
    file.bytes = static_cast<int64_t>(bytes);
    file.path = it->path().string();
    file.closed_path = file.path;
    if (file.kind == LogFile::Kind::kPart) file.closed_path = std::string(absl::StripSuffix(file.path, kPartSuffix));
    if (file.kind == LogFile::Kind::kDamaged) {
      file.closed_path = std::string(absl::StripSuffix(file.path, kDamagedSuffix));
    }
    files.push_back(std::move(file));
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("Cannot list ", path.parent_path().string()));
  }
  std::sort(files.begin(), files.end(), [](const LogFile& a, const LogFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace trilho
