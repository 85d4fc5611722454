#include "cpp_server/server/site_check.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace trilho {
namespace {

// Of "NAME:PORT" or "[IPV6]:PORT" the part before the port, without brackets and without the dot of a full name.
absl::string_view HostIn(absl::string_view authority) {
  if (absl::ConsumePrefix(&authority, "[")) return authority.substr(0, authority.find(']'));
  return absl::StripSuffix(authority.substr(0, authority.find(':')), ".");
}

bool IsIpAddress(absl::string_view host) {
  in6_addr address{};
  const std::string text(host);
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 || ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace

absl::Status CheckSite(const HttpRequestHead& head, const std::vector<std::string>& allowed_hosts) {
  const absl::string_view authority = head.header("Host");
  const absl::string_view host = HostIn(authority);
  const bool is_allowed = IsIpAddress(host) || absl::EqualsIgnoreCase(host, "localhost") ||
                          std::any_of(allowed_hosts.begin(), allowed_hosts.end(), [host](const std::string& allowed) {
                            return absl::EqualsIgnoreCase(host, allowed);
                          });
  if (!is_allowed) {
    return absl::PermissionDeniedError(
        absl::StrCat("the request is for the host \"", host,
                     "\", which is neither an IP address nor localhost nor one of --allowed_hosts"));
  }
  const absl::string_view origin = head.header("Origin");
  if (origin.empty()) return absl::OkStatus();
  const size_t scheme = origin.find("://");
  if (scheme != absl::string_view::npos && absl::EqualsIgnoreCase(origin.substr(scheme + 3), authority)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat("the request comes from a page of another site: its Origin is \"",
                                                  origin, "\", and its Host \"", authority, "\""));
}

}  // namespace trilho
