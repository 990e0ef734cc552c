#define SLUICE_JSON_EXTERN
#include <nlohmann/json.hpp>
