#include "cpp_server/security/certificate_watcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/logging/log.h"
#include "google/protobuf/util/message_differencer.h"

namespace trilho {
CertificateWatcher::CertificateWatcher(const std::string& path, std::chrono::milliseconds period,
                                       tensorflow::serving::SSLConfig in_force, Take take)
    : path_(path), take_(std::move(take)), in_force_(std::move(in_force)), watcher_(path, period, [this] {
        Reread();
        // What is wrong with it stays so.
        return true;
      }) {}

void CertificateWatcher::Reread() {
  const absl::Status status = Try();
  if (status.ok()) return;
  Log(Severity::kError, absl::StrCat("the certificates stay as they were: ", status.message()));
}

absl::Status CertificateWatcher::Try() {
  auto config = ReadSslConfigFile(path_);
  if (!config.ok()) return config.status();
  if (google::protobuf::util::MessageDifferencer::Equals(*config, in_force_)) return absl::OkStatus();
  absl::Status status = take_(*config);
  if (!status.ok()) return status;
  in_force_ = *std::move(config);
  Log(Severity::kInfo, absl::StrCat("new connections get the certificates of ", path_, " as it is now"));
  return absl::OkStatus();
}

}  // namespace trilho
