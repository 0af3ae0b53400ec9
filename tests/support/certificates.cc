#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <functional>

namespace raftly::test {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key NewKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

std::string Pem(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (write(out.get()) != 1) std::abort();
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

void Extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  if (extension == nullptr || X509_add_ext(certificate, extension, -1) != 1) std::abort();
  X509_EXTENSION_free(extension);
}

// All but extensions and signature.
Certificate Blank(const std::string& common_name, EVP_PKEY* key, long from, long until) {
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return certificate;
}

}  // namespace

struct Authority::Keys {
  Key key = NewKey();
  Certificate certificate{nullptr, X509_free};
};

Authority::Authority(const std::string& name) : keys_(std::make_unique<Keys>()) {
  keys_->certificate = Blank(name, keys_->key.get(), -7200, 7200);
  X509* const own = keys_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  Extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  Extend(own, own, NID_subject_key_identifier, "hash");
  X509_sign(own, keys_->key.get(), EVP_sha256());
  certificate_ = Pem([&](BIO* out) { return PEM_write_bio_X509(out, own); });
}

Authority::~Authority() = default;

Signed Authority::Sign(const Wish& wish) const {
  const Key key = NewKey();
  const Certificate certificate = Blank(wish.common_name, key.get(), wish.valid_from, wish.valid_until);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  Extend(certificate.get(), keys_->certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  if (!wish.names.empty()) {
    Extend(certificate.get(), keys_->certificate.get(), NID_subject_alt_name, wish.names);
  }
  X509_sign(certificate.get(), keys_->key.get(), EVP_sha256());
  return {Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); }), Pem([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace raftly::test
