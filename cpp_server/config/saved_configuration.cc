#include "cpp_server/config/saved_configuration.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp_server/config/text_proto.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelServerConfig;

constexpr char kGeneration[] = "# generation: ";
constexpr char kGiven[] = "# given: ";

absl::Status Errno(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(absl::StrCat("--config_state_file: cannot ", what, " ", path, ": ", strerror(errno)));
}

bool IsSame(const SavedConfiguration& a, const SavedConfiguration& b) {
  return a.generation == b.generation && a.given == b.given && DigestOf(a.config) == DigestOf(b.config);
}

absl::Status WriteThrough(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Errno("write", path);
  absl::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = write(file, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  absl::Status status = rest.empty() && fsync(file) == 0 ? absl::OkStatus() : Errno("write", path);
  if (close(file) != 0) status.Update(Errno("write", path));
  return status;
}

}  // namespace

std::string DigestOf(const ModelServerConfig& config) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    // Maps, such as labels, have no order of their own.
    coded.SetSerializationDeterministic(true);
    config.SerializeToCodedStream(&coded);
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(&digest[0]));
  return absl::BytesToHexString(digest);
}

absl::StatusOr<absl::optional<SavedConfiguration>> ReadSavedConfiguration(const std::string& path) {
  struct stat ignored {};
  if (stat(path.c_str(), &ignored) != 0 && errno == ENOENT) return absl::optional<SavedConfiguration>();
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Errno("read", path);
  SavedConfiguration saved;
  bool has_generation = false;
  const std::string whole = text.str();
  for (absl::string_view line : absl::StrSplit(whole, '\n')) {
    if (absl::ConsumePrefix(&line, kGeneration)) has_generation = absl::SimpleAtoi(line, &saved.generation);
    if (absl::ConsumePrefix(&line, kGiven)) saved.given = std::string(line);
  }
  if (!has_generation || saved.given.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--config_state_file: ", path, " was not written by a server, which heads it with \"", kGeneration,
                     "N\" and \"", kGiven, "DIGEST\"; give another path, or give it as --model_config_file"));
  }
  const absl::Status parsed = ParseTextProto(absl::StrCat("--config_state_file: ", path), whole, &saved.config);
  if (!parsed.ok()) return parsed;
  return absl::optional<SavedConfiguration>(std::move(saved));
}

absl::Status ConfigurationFile::Stage(const SavedConfiguration& saved) {
  const auto before = ReadSavedConfiguration(path_);
  if (before.ok() && *before && IsSame(**before, saved)) {
    // A server that was killed may have left it.
    Discard();
    return absl::OkStatus();
  }
  std::string models;
  google::protobuf::TextFormat::PrintToString(saved.config, &models);
  absl::Status written =
      WriteThrough(Aside(), absl::StrCat("# Written by trilho_server whenever its configuration changes.\n",
                                         kGeneration, saved.generation, "\n", kGiven, saved.given, "\n", models));
  if (written.ok()) {
    is_staged_ = true;
  } else {
    Discard();
  }
  return written;
}

absl::Status ConfigurationFile::Commit() {
  if (!std::exchange(is_staged_, false)) return absl::OkStatus();
  if (rename(Aside().c_str(), path_.c_str()) == 0) return absl::OkStatus();
  absl::Status failed = Errno("replace", path_);
  Discard();
  return failed;
}

void ConfigurationFile::Discard() {
  is_staged_ = false;
  unlink(Aside().c_str());
}

}  // namespace trilho
