// Keeps pages of other sites from a browser's access to this server.

#ifndef TRILHO_CPP_SERVER_SERVER_SITE_CHECK_H_
#define TRILHO_CPP_SERVER_SERVER_SITE_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/http/http_call.h"

namespace trilho {

// PERMISSION_DENIED, with the reason, for a request that a page of another site
// may have a browser send: its Origin is not the site of its Host, or its Host
// is neither an IP address nor localhost nor one of `allowed_hosts` (in any
// case, without a port). A name that its owner has pointed here, as in DNS
// rebinding, shows in Host; a page that was loaded from elsewhere, in Origin.
absl::Status CheckSite(const HttpRequestHead& head, const std::vector<std::string>& allowed_hosts);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_SITE_CHECK_H_
