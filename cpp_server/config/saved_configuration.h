// --config_state_file: the configuration in force, kept for the next start.

#ifndef TRILHO_CPP_SERVER_CONFIG_SAVED_CONFIGURATION_H_
#define TRILHO_CPP_SERVER_CONFIG_SAVED_CONFIGURATION_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

struct SavedConfiguration {
  tensorflow::serving::ModelServerConfig config;
  uint64_t generation = 0;
  // DigestOf the configuration that flags or --model_config_file gave when this
  // one was saved: if they give another one now, somebody has changed his mind.
  std::string given;
};

// Of equal configurations the same, and of others another one.
std::string DigestOf(const tensorflow::serving::ModelServerConfig& config);

// Absent if there is no file. INVALID_ARGUMENT for a file that
// WriteSavedConfiguration did not write, whatever was made of it since.
absl::StatusOr<absl::optional<SavedConfiguration>> ReadSavedConfiguration(const std::string& path);

// A file that is replaced as a whole or not at all: written aside and to the
// disk, then renamed. The text is a ModelServerConfig that --model_config_file
// takes, under a head of comments. What is aside never outlives its use.
class ConfigurationFile {
 public:
  explicit ConfigurationFile(std::string path) : path_(std::move(path)) {}

  // Writes it aside; what was there stays until Commit. Writes nothing if the
  // file says the same already, so that a start at which nothing has changed
  // needs no room on the disk. UNAVAILABLE if it cannot be written.
  absl::Status Stage(const SavedConfiguration& saved);
  absl::Status Commit();
  void Discard();

 private:
  std::string Aside() const { return path_ + ".new"; }

  const std::string path_;
  // Whether something is aside.
  bool is_staged_ = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_SAVED_CONFIGURATION_H_
