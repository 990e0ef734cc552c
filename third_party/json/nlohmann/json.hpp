// nlohmann's json.hpp, and a promise that what most of its users make of it is compiled in
// instances.cc: a dozen folders would each compile its parser and serializer otherwise, a tenth of
// their time.
#pragma once

#include_next <nlohmann/json.hpp>  // IWYU pragma: export
#include <string>

#ifndef SLUICE_JSON_EXTERN
#define SLUICE_JSON_EXTERN extern
#endif

namespace nlohmann {
SLUICE_JSON_EXTERN template class basic_json<>;

namespace detail {
using TextView = iterator_input_adapter<const char*>;
using TextOf = iterator_input_adapter<std::string::const_iterator>;

SLUICE_JSON_EXTERN template class serializer<json>;
SLUICE_JSON_EXTERN template class lexer<json, TextView>;
SLUICE_JSON_EXTERN template class lexer<json, TextOf>;
SLUICE_JSON_EXTERN template class parser<json, TextView>;
SLUICE_JSON_EXTERN template class parser<json, TextOf>;
SLUICE_JSON_EXTERN template class json_sax_dom_parser<json>;
SLUICE_JSON_EXTERN template class json_sax_dom_callback_parser<json>;
}  // namespace detail
}  // namespace nlohmann
