#include "cpp_server/http/request_head.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/beast/http/field.hpp"

namespace trilho {
namespace {

namespace http = boost::beast::http;

constexpr unsigned kHttp11 = 11;

absl::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Without the "http://host" that proxies are sent.
absl::string_view OriginForm(absl::string_view target) {
  for (const absl::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(target, scheme)) continue;
    const size_t path = target.find_first_of("/?", scheme.size());
    return path == absl::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

}  // namespace

RequestHead::RequestHead(const HttpRequest& request, const std::string& peer) : request_(request), peer_(peer) {
  const absl::string_view target = OriginForm(View(request_.target()));
  const size_t mark = target.find('?');
  path_ = target.substr(0, mark);
  if (mark != absl::string_view::npos) query_ = target.substr(mark + 1);
}

absl::string_view RequestHead::method() const {
  const absl::string_view method = View(request_.method_string());
  return method == "HEAD" ? "GET" : method;
}

absl::string_view RequestHead::header(absl::string_view name) const {
  const auto found = request_.find(boost::beast::string_view(name.data(), name.size()));
  return found == request_.end() ? absl::string_view() : View(found->value());
}

HeadFault FindFault(const HttpRequest& request) {
  const size_t hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() >= kHttp11)) {
    return {400, absl::StrCat("the request is not valid HTTP: it has ", hosts == 0 ? "no" : "more than one",
                              " Host header")};
  }
  // Whoever sends a body of unknown extent could hide a request in it.
  if (request.count(http::field::transfer_encoding) > 0 &&
      !absl::EqualsIgnoreCase(View(request[http::field::transfer_encoding]), "chunked")) {
    return {501, "the only Transfer-Encoding that is supported is chunked"};
  }
  const absl::string_view expect = View(request[http::field::expect]);
  if (!expect.empty() && !absl::EqualsIgnoreCase(expect, "100-continue")) {
    return {417, absl::StrCat("Expect: ", expect, " is not supported, only 100-continue is")};
  }
  return {};
}

}  // namespace trilho
