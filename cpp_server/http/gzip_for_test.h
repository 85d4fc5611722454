// What a client does to its request bodies.

#ifndef TRILHO_CPP_SERVER_HTTP_GZIP_FOR_TEST_H_
#define TRILHO_CPP_SERVER_HTTP_GZIP_FOR_TEST_H_

#include <zlib.h>

#include <string>

namespace trilho {

inline std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(&result[0]);
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_GZIP_FOR_TEST_H_
