// Keys and certificates, made when they are needed.

#ifndef TRILHO_CPP_SERVER_HTTP_TLS_FOR_TEST_H_
#define TRILHO_CPP_SERVER_HTTP_TLS_FOR_TEST_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>

namespace trilho {

template <typename T, void (*kFree)(T*)>
struct OpenSslFree {
  void operator()(T* object) const { kFree(object); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslFree<X509, X509_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX, SSL_CTX_free>>;

// A key and its certificate, signed by itself or by another.
class TestIdentity {
 public:
  // Holds for an hour before now, and until `seconds_left` from now.
  explicit TestIdentity(const std::string& name, const TestIdentity* issuer = nullptr, int64_t seconds_left = 3600)
      : TestIdentity(name, issuer, seconds_left, EVP_EC_gen("P-256")) {}
  // With an RSA key, which TLS 1.2 can also exchange keys by.
  static TestIdentity Rsa(const std::string& name) { return TestIdentity(name, nullptr, 3600, EVP_RSA_gen(2048)); }

  std::string KeyPem() const {
    return Pem([this](BIO* bio) { PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  std::string EncryptedKeyPem() const {
    return Pem([this](BIO* bio) {
      PEM_write_bio_PrivateKey(bio, key_.get(), EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("secret"), 6,
                               nullptr, nullptr);
    });
  }
  std::string CertificatePem() const {
    return Pem([this](BIO* bio) { PEM_write_bio_X509(bio, certificate_.get()); });
  }

  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }

 private:
  TestIdentity(const std::string& name, const TestIdentity* issuer, int64_t seconds_left, EVP_PKEY* key)
      : key_(key), certificate_(X509_new()) {
    X509* const x509 = certificate_.get();
    X509_set_version(x509, X509_VERSION_3);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), seconds_left);
    X509_set_pubkey(x509, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const TestIdentity& signer = issuer == nullptr ? *this : *issuer;
    X509_set_issuer_name(x509, X509_get_subject_name(signer.certificate_.get()));
    X509_EXTENSION* const may_sign = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(x509, may_sign, -1);
    X509_EXTENSION_free(may_sign);
    X509_sign(x509, signer.key_.get(), EVP_sha256());
  }

  template <typename Write>
  static std::string Pem(Write write) {
    BIO* const bio = BIO_new(BIO_s_mem());
    write(bio);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string pem(bytes, static_cast<size_t>(size));
    BIO_free(bio);
    return pem;
  }

  KeyPtr key_;
  CertificatePtr certificate_;
};

// Of a client that trusts `server` only and shows `own` if it is not null.
inline SslContextPtr ClientContext(const TestIdentity& server, const TestIdentity* own = nullptr) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), server.certificate());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (own != nullptr) {
    SSL_CTX_use_certificate(context.get(), own->certificate());
    SSL_CTX_use_PrivateKey(context.get(), own->key());
  }
  return context;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_TLS_FOR_TEST_H_
