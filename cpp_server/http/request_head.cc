#include "cpp_server/http/request_head.h"

#include "absl/strings/match.h"

namespace trilho {
namespace {

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

}  // namespace trilho
