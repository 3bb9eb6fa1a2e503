// Site: what there is at the HTTP listener, and what each request means (docs/admin.md). Every
// answer is made of the answer to a control request, so it knows no router: read() says what is to
// be asked, respond() makes an HTTP answer of what came.
//
//     GET  /                      what there is
//     GET  /metrics               the answer to `statistics` for Prometheus
//     GET  /healthz               200: the loop turns
//     GET  /readyz                200, or 503 and why
//     GET  /api/v1/NAME?ARG=…     a control request that only reads
//     POST /api/v1/NAME?ARG=…     any; arguments may stand in a JSON object as body, too
//
// Whoever asks is asked for their rights by read(), so that nothing forbidden goes anywhere.
#pragma once

#include <string>
#include <variant>

#include "admin/http.h"
#include "base/result.h"
#include "envelope/json.h"
#include "router/control.h"

namespace jetway::admin {

// Who asks, and by what.
struct Visitor {
    bool may_change = false;
    std::string why_not{};              // it may not
    bool numbers_or_localhost = false;  // other names in Host are refused: a web page's DNS may
                                        // have led its reader's browser here
};

// What is to be asked of a router.
struct Question {
    enum class For { api, metrics, readiness };
    For made_for = For::api;
    std::string machine;  // empty: this one
    router::ControlRequest request;
};

// What is to be asked, or the answer already.
std::variant<Question, HttpResponse> read(const HttpRequest& request, const Visitor& visitor);

// Of the answer's `data`, or an error of a control request.
HttpResponse respond(const Question& question, const base::Result<envelope::Json>& answer);

// The `data` of an envelope that asks it.
base::Bytes pack(const router::ControlRequest& request);

}  // namespace jetway::admin
