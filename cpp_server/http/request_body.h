// The body of a request while Beast's parser reads it.

#ifndef TRILHO_CPP_SERVER_HTTP_REQUEST_BODY_H_
#define TRILHO_CPP_SERVER_HTTP_REQUEST_BODY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

#include "boost/asio/buffer.hpp"
#include "boost/beast/core/error.hpp"
#include "boost/beast/http/message.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/optional.hpp"

namespace trilho {

// A Body in Beast's sense. Unlike Beast's string_body it takes memory only for
// what has come: a Content-Length alone costs its sender nothing.
struct RequestBody {
  using value_type = std::string;

  static std::uint64_t size(const value_type& body) { return body.size(); }

  class reader {
   public:
    template <bool kIsRequest, class Fields>
    reader(boost::beast::http::header<kIsRequest, Fields>& /*header*/, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& error) {
      if (length) declared_ = static_cast<size_t>(*length);
      error = {};
    }

    template <class Buffers>
    size_t put(const Buffers& buffers, boost::beast::error_code& error) {
      const size_t added = boost::asio::buffer_size(buffers);
      error = {};
      try {
        Reserve(body_.size() + added);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
             ++it) {
          const boost::asio::const_buffer buffer(*it);
          body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        }
      } catch (const std::bad_alloc&) {
        error = make_error_code(boost::system::errc::not_enough_memory);
        return 0;
      }
      return added;
    }

    void finish(boost::beast::error_code& error) { error = {}; }

   private:
    void Reserve(size_t size) {
      if (size <= body_.capacity()) return;
      const size_t doubled = std::max(size, 2 * body_.capacity());
      body_.reserve(declared_ >= size ? std::min(doubled, declared_) : doubled);
    }

    value_type& body_;
    size_t declared_ = 0;
  };
};

using HttpRequest = boost::beast::http::request<RequestBody>;
using HttpRequestParser = boost::beast::http::request_parser<RequestBody>;

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_REQUEST_BODY_H_
