#include "cpp_server/config/ssl_config.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/text_proto.h"

namespace trilho {
namespace {

template <typename T, void (*kFree)(T*)>
struct OpenSslFree {
  void operator()(T* object) const { kFree(object); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslFree<X509, X509_free>>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

absl::Status Problem(const char* what) { return absl::InvalidArgumentError(what); }

// The text must outlive it.
BioPtr Reader(const std::string& pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// OpenSSL would ask the terminal otherwise.
int NoPassword(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*data*/) { return -1; }

KeyPtr ReadKey(const std::string& pem) {
  return KeyPtr(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr));
}

CertificatePtr ReadCertificate(const std::string& pem) {
  return CertificatePtr(PEM_read_bio_X509(Reader(pem).get(), nullptr, NoPassword, nullptr));
}

absl::Status CheckSslConfig(const tensorflow::serving::SSLConfig& config) {
  if (config.server_key().empty()) return Problem("server_key is missing");
  if (config.server_cert().empty()) return Problem("server_cert is missing");
  const KeyPtr key = ReadKey(config.server_key());
  if (key == nullptr) return Problem("server_key is no private key in PEM that is not encrypted");
  const CertificatePtr certificate = ReadCertificate(config.server_cert());
  if (certificate == nullptr) return Problem("server_cert is no certificate in PEM");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Problem("server_key is not the key of server_cert");
  }
  if (!config.custom_ca().empty() && ReadCertificate(config.custom_ca()) == nullptr) {
    return Problem("custom_ca is no certificate in PEM");
  }
  if (config.client_verify() && config.custom_ca().empty()) {
    return Problem("client_verify needs custom_ca, which signs the certificates of clients");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<tensorflow::serving::SSLConfig> ReadSslConfigFile(const std::string& flag, const std::string& path) {
  tensorflow::serving::SSLConfig config;
  absl::Status status = ReadSecretTextProtoFile(flag, path, &config);
  if (status.ok()) {
    status = CheckSslConfig(config);
    if (!status.ok()) status = absl::Status(status.code(), absl::StrCat(flag, ": ", status.message()));
    // What OpenSSL remembers of it is not for the next to find.
    ERR_clear_error();
  }
  if (!status.ok()) return status;
  return config;
}

}  // namespace trilho
