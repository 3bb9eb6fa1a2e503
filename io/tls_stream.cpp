#include "io/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

#include "base/ensure.h"
#include "io/loop_state.h"
#include "io/openssl.h"
#include "io/tls_failure.h"

namespace jetway::io {
namespace {

constexpr auto last_words_time = std::chrono::seconds(2);

std::int64_t now_in_seconds() {
    return static_cast<std::int64_t>(wall_clock_ms() / 1000);
}

}  // namespace

// The BIO between OpenSSL and a TlsStream: reads its input_, appends to its records_.
struct TlsBio {
    static int read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
        auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        *got = std::min(size, self->input_.size());
        if (*got == 0) {
            BIO_set_retry_read(bio);
            return 0;
        }
        std::memcpy(into, self->input_.data(), *got);
        self->input_ = self->input_.subspan(*got);
        return 1;
    }

    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
        auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
        base::append(*self->records_, {reinterpret_cast<const std::uint8_t*>(from), size});
        *written = size;
        return 1;
    }

    static long control(BIO*, int command, long, void*) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static BIO* make(TlsStream* owner) {
        static BIO_METHOD* const method = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
            ensure(made != nullptr && BIO_meth_set_read_ex(made, &TlsBio::read) == 1 &&
                       BIO_meth_set_write_ex(made, &TlsBio::write) == 1 &&
                       BIO_meth_set_ctrl(made, &TlsBio::control) == 1,
                   "OpenSSL can make a BIO method");
            return made;
        }();
        BIO* bio = BIO_new(method);
        ensure(bio != nullptr, "OpenSSL can make a BIO");
        BIO_set_data(bio, owner);
        BIO_set_init(bio, 1);
        return bio;
    }
};

TlsStream::TlsStream(Loop& loop, std::unique_ptr<Stream> below,
                     std::shared_ptr<const TlsContext> context, Options options,
                     OnHandshake on_handshake)
    : loop_(loop),
      below_(std::move(below)),
      context_(std::move(context)),
      ssl_(SSL_new(context_->native())),
      on_handshake_(std::move(on_handshake)),
      alive_(std::make_shared<bool>(true)),
      resume_(loop, [this] { resume(); }),
      records_(std::make_shared<base::Bytes>()) {
    ensure(ssl_ != nullptr, "OpenSSL can make a connection");
    ensure(on_handshake_ != nullptr, "somebody waits for the handshake");
    BIO* bio = TlsBio::make(this);
    SSL_set_bio(ssl_, bio, bio);  // takes it
    SSL_set_app_data(ssl_, this);
    set_expectations(options);
    below_->set_handler(this);
    if (!below_->is_open()) {
        doom({"ECONNRESET", "the connection is closed"});
        return;
    }
    below_->start_reading();
    if (options.side == Options::Side::client) {
        ERR_clear_error();
        SSL_do_handshake(ssl_);  // makes the first record, and wants an answer
        send_records();
    }
}

TlsStream::~TlsStream() {
    *alive_ = false;
    SSL_free(ssl_);
}

void TlsStream::set_expectations(const Options& options) {
    if (options.side == Options::Side::server) {
        SSL_set_accept_state(ssl_);
        const int mode = SSL_VERIFY_PEER | (options.required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
        SSL_set_verify(ssl_, options.asked || options.required ? mode : SSL_VERIFY_NONE,
                       &TlsStream::verify);
        return;
    }
    SSL_set_connect_state(ssl_);
    SSL_set_verify(ssl_, SSL_VERIFY_PEER, &TlsStream::verify);
    expected_ = options.expected;
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_);
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const bool address = options.expected_may_be_address &&
                         X509_VERIFY_PARAM_set1_ip_asc(wanted, expected_.c_str()) == 1;
    if (!address) {
        ensure(X509_VERIFY_PARAM_set1_host(wanted, expected_.c_str(), expected_.size()) == 1,
               "a name can be expected");
        // Server name indication, RFC 6066, section 3.
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, expected_.data());
    }
    ERR_clear_error();
}

// Called for every certificate of the chain: keeps the first that is refused.
int TlsStream::verify(int fine, x509_store_ctx_st* store) {
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
    if (fine != 1 && !self->refused_) {
        self->refused_ = std::make_unique<RefusedCertificate>();
        self->refused_->error = X509_STORE_CTX_get_error(store);
        self->refused_->depth = X509_STORE_CTX_get_error_depth(store);
        if (const X509* x509 = X509_STORE_CTX_get_current_cert(store)) {
            self->refused_->certificate = certificate_of(*x509);
        }
    }
    return fine;
}

std::string TlsStream::version() const {
    return SSL_get_version(ssl_);
}

base::Error TlsStream::failure(int status) {
    if (refused_) {
        return refused_by_us(*refused_, expected_);
    }
    const unsigned long error = status == SSL_ERROR_SSL ? ERR_peek_error() : 0;
    return tls_failure(error, context_->own(), now_in_seconds());
}

void TlsStream::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        established();
        return;
    }
    const int status = SSL_get_error(ssl_, result);
    if (status == SSL_ERROR_WANT_READ) {
        send_records();
        return;
    }
    refuse(failure(status));
}

void TlsStream::established() {
    if (const X509* peer = SSL_get0_peer_certificate(ssl_)) {
        certified_ = certificate_of(*peer).names;
    }
    send_records();
    hold_input();
    below_->stop_reading();
    const OnHandshake done = std::move(on_handshake_);
    on_handshake_ = nullptr;
    done({});  // may destroy this
}

// The handshake failed: the alert that OpenSSL made of it still goes out.
void TlsStream::refuse(const base::Error& why) {
    const OnHandshake done = std::move(on_handshake_);
    on_handshake_ = nullptr;
    input_ = {};
    below_->end_with(take_records(), last_words_time);
    done(why);  // may destroy this
}

void TlsStream::on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>&) {
    const auto alive = alive_;
    input_ = bytes;
    if (on_handshake_) {
        handshake();
    } else {
        decrypt();
    }
    if (*alive) {
        hold_input();
    }
}

// What is left of the input outlives the call that brought it.
void TlsStream::hold_input() {
    if (!input_.empty()) {
        held_.assign(input_.begin(), input_.end());
        input_ = {};
        below_->stop_reading();
    }
}

void TlsStream::decrypt() {
    const auto alive = alive_;
    ReadBuffer& shared = loop_.state().decrypted;
    while (reading_ && is_open()) {
        const auto space = shared.space();
        std::size_t size = 0;
        int status = SSL_ERROR_NONE;
        ERR_clear_error();
        while (size < space.size() && status == SSL_ERROR_NONE) {
            std::size_t got = 0;
            const int result = SSL_read_ex(ssl_, space.data() + size, space.size() - size, &got);
            status = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
            size += got;
        }
        if (status == SSL_ERROR_ZERO_RETURN) {
            ended_ = {"EOF", peer_name() + " closed the connection"};
        } else if (status != SSL_ERROR_NONE && status != SSL_ERROR_WANT_READ) {
            ended_ = failure(status);
        }
        if (size > 0) {
            handler()->on_read(space.first(size), shared.owner());
            shared.shown(size);
            if (!*alive) {
                return;
            }
        }
        if (ended_) {
            input_ = {};
            if (reading_ && is_open()) {
                fail(*ended_);
            }
            return;
        }
        if (status == SSL_ERROR_WANT_READ) {
            send_records();  // TLS itself may have had something to say
            return;
        }
    }
}

void TlsStream::start_reading() {
    ensure(handler() != nullptr, "a stream that is read has a handler");
    if (reading_ || !is_open()) {
        return;
    }
    reading_ = true;
    if (!held_.empty() || ended_ || SSL_has_pending(ssl_) == 1) {
        resume_.set(loop_.now());
    } else {
        below_->start_reading();
    }
}

void TlsStream::stop_reading() {
    reading_ = false;
    below_->stop_reading();
}

// Goes on where reading was stopped, or tells what could not be told at once.
void TlsStream::resume() {
    if (doomed_) {
        fail(*doomed_);
        return;
    }
    if (!reading_ || !is_open()) {
        return;
    }
    if (ended_) {
        fail(*ended_);
        return;
    }
    const auto alive = alive_;
    const base::Bytes held = std::exchange(held_, {});
    input_ = held;
    decrypt();
    if (!*alive) {
        return;
    }
    hold_input();
    if (reading_ && is_open()) {
        below_->start_reading();
    }
}

void TlsStream::close() {
    writing_ = false;
    plain_.clear();
    left_ = 0;
    resume_.cancel();
    below_->close();
}

base::Bytes TlsStream::take_records() {
    return std::move(*std::exchange(records_, std::make_shared<base::Bytes>()));
}

void TlsStream::end_with(base::Bytes last_words, base::Duration at_most) {
    if (!is_open()) {
        return;
    }
    if (!on_handshake_) {
        encrypt(left_);
        if (!last_words.empty()) {
            seal(last_words);
        }
        ERR_clear_error();
        SSL_shutdown(ssl_);  // makes the close_notify
    }
    below_->end_with(take_records(), at_most);
    close();
}

void TlsStream::on_closed(const base::Error& why) {
    if (on_handshake_) {
        refuse(why.code == "EOF"
                   ? base::Error{"tls", "it closed the connection in the middle of the handshake"}
                   : why);
        return;
    }
    fail(why.code == "EOF"
             ? tls_failure(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNEXPECTED_EOF_WHILE_READING),
                           std::nullopt, now_in_seconds())
             : why);
}

// An error found inside a call by our owner: told in the next turn.
void TlsStream::doom(base::Error why) {
    if (!doomed_) {
        doomed_ = std::move(why);
        resume_.set(loop_.now());
    }
}

void TlsStream::fail(const base::Error& why) {
    const base::Error reason = why;  // `why` may lie in this
    if (on_handshake_) {
        refuse(reason);
        return;
    }
    ERR_clear_error();
    SSL_shutdown(ssl_);
    below_->end_with(take_records(), last_words_time);
    close();
    if (handler() != nullptr) {
        handler()->on_closed(reason);  // may destroy this
    }
}

}  // namespace jetway::io
