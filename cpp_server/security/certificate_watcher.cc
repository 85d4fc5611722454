#include "cpp_server/security/certificate_watcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/logging/log.h"
#include "google/protobuf/util/message_differencer.h"

namespace trilho {

CertificateWatcher::CertificateWatcher(Options options, tensorflow::serving::SSLConfig in_force, Take take)
    : options_(std::move(options)),
      take_(std::move(take)),
      in_force_(std::move(in_force)),
      dates_(DatesOfChain(in_force_.server_cert()).value_or(CertificateDates())),
      watcher_(
          options_.path, options_.period,
          [this] {
            Reread();
            // What is wrong with it stays so.
            return true;
          },
          [this] { CheckDates(); }) {}

void CertificateWatcher::Reread() {
  const absl::Status status = Try();
  if (status.ok()) return;
  Log(Severity::kError, absl::StrCat("the certificates stay as they were: ", status.message()));
}

absl::Status CertificateWatcher::Try() {
  auto config = ReadSslConfigFile(options_.flag, options_.path);
  if (!config.ok()) return config.status();
  if (google::protobuf::util::MessageDifferencer::Equals(*config, in_force_)) return absl::OkStatus();
  const auto dates = DatesOfChain(config->server_cert());
  if (!dates.ok()) return dates.status();
  const auto own = DatesOfFirst(config->server_cert());
  if (!own.ok()) return own.status();
  const absl::Time now = Now();
  if (ValidityAt(*own, now) == CertificateValidity::kExpired &&
      ValidityAt(dates_, now) != CertificateValidity::kExpired) {
    return absl::FailedPreconditionError(absl::StrCat(options_.flag, ": the certificate of ", options_.path,
                                                      " as it is now ", DescribeDates(*dates, now)));
  }
  absl::Status status = take_(*config);
  if (!status.ok()) return status;
  in_force_ = *std::move(config);
  dates_ = *dates;
  Log(Severity::kInfo, absl::StrCat("new connections get the certificates of ", options_.path, " as it is now: it ",
                                    DescribeDates(dates_, now)));
  return absl::OkStatus();
}

void CertificateWatcher::CheckDates() {
  const absl::Time now = Now();
  const CertificateValidity validity = ValidityAt(dates_, now);
  if (validity == std::exchange(validity_, validity) || validity == CertificateValidity::kValid) return;
  Log(validity == CertificateValidity::kEndsSoon ? Severity::kWarning : Severity::kError,
      absl::StrCat(options_.flag, ": the certificate of ", options_.path, " ", DescribeDates(dates_, now)));
}

}  // namespace trilho
