#include "cpp_server/server/start_log.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

bool IsLocal(const std::string& address) {
  return absl::StartsWith(address, "127.") || address == "::1" || absl::StartsWith(address, "/");
}

// Returns e.g. "gRPC on 0.0.0.0:8500" or "gRPC on the UNIX socket /run/s".
std::string NameOf(const OpenPort& port) {
  const char* const name = port.kind == TlsPort::kGrpc ? "gRPC" : port.kind == TlsPort::kRest ? "HTTP" : "management";
  if (port.port == 0) return absl::StrCat(name, " on the UNIX socket ", port.address);
  const bool is_ipv6 = absl::StrContains(port.address, ':');
  return absl::StrCat(name, " on ", is_ipv6 ? "[" : "", port.address, is_ipv6 ? "]:" : ":", port.port);
}

}  // namespace

std::vector<std::string> DescribePorts(const std::vector<OpenPort>& ports, const ServerTls& tls) {
  std::vector<std::string> lines;
  lines.reserve(ports.size());
  for (const OpenPort& port : ports) lines.push_back(absl::StrCat(NameOf(port), ": ", tls.Describe(port.kind)));
  return lines;
}

std::vector<std::string> PlainTokenWarnings(const std::vector<OpenPort>& ports, const ServerTls& tls) {
  std::vector<std::string> warnings;
  for (const OpenPort& port : ports) {
    if (tls.Speaks(port.kind) || port.port == 0 || IsLocal(port.address)) continue;
    warnings.push_back(absl::StrCat(
        NameOf(port), " takes tokens in plain text, for whoever listens on the wire to read: ", TlsFlag(port.kind),
        " gives it TLS"));
  }
  return warnings;
}

void WarnOfOpenConfiguration(const ModelServer::Options& options) {
  const bool is_limited =
      !options.auth_token_file.empty() || options.management || !options.model_roots.are_everywhere();
  if (is_limited || IsLocal(options.grpc.address)) return;
  Log(Severity::kWarning,
      "whoever reaches the gRPC port may have any folder served, and requests logged anywhere, as TF Serving allows: "
      "--auth_token_file, --model_roots, --management_port or --bind_address=127.0.0.1 limit that");
}

}  // namespace trilho
