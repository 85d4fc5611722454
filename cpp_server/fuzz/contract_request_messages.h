// The contract of contract_request_fuzz.cc.

#ifndef TRILHO_CPP_SERVER_FUZZ_CONTRACT_REQUEST_MESSAGES_H_
#define TRILHO_CPP_SERVER_FUZZ_CONTRACT_REQUEST_MESSAGES_H_

namespace trilho {

// Methods whose request is their response: every kind of field in a batch, one example that counts, one that does not,
// and limits. Then those whose fields are features of tf.Examples.
constexpr char kContractRequestMessages[] = R"pb(
  name: "fuzz.proto"
  package: "fuzz"
  syntax: "proto3"
  dependency: "trilho/contract.proto"
  message_type {
    name: "Batch"
    field {
      name: "all"
      number: 1
      type: TYPE_MESSAGE
      type_name: ".fuzz.Any"
      label: LABEL_REPEATED
      options {
        [trilho.contract.batch]: true
      }
    }
  }
  message_type {
    name: "Any"
    field {
      name: "a"
      number: 1
      type: TYPE_DOUBLE
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { dtype: FLOAT16 }
      }
    }
    field {
      name: "b"
      number: 2
      type: TYPE_FLOAT
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { minimum: -1 }
      }
    }
    field {
      name: "c"
      number: 3
      type: TYPE_SINT64
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { dtype: INT8 }
      }
    }
    field {
      name: "d"
      number: 4
      type: TYPE_UINT32
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { dtype: INT64 }
      }
    }
    field { name: "e" number: 5 type: TYPE_STRING label: LABEL_REPEATED }
    field {
      name: "f"
      number: 6
      type: TYPE_BYTES
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { dtype: UINT8 }
      }
    }
    field { name: "g" number: 7 type: TYPE_BOOL label: LABEL_REPEATED }
    field { name: "h" number: 8 type: TYPE_MESSAGE type_name: ".fuzz.Row" label: LABEL_REPEATED }
    field { name: "i" number: 9 type: TYPE_MESSAGE type_name: ".fuzz.Place" label: LABEL_OPTIONAL }
    field {
      name: "j"
      number: 500
      type: TYPE_STRING
      label: LABEL_OPTIONAL
      oneof_index: 0
      proto3_optional: true
      options {
        [trilho.contract.tensor] { default_string: "none" }
      }
    }
    oneof_decl { name: "_j" }
  }
  message_type {
    name: "Row"
    field { name: "k" number: 1 type: TYPE_SFIXED32 label: LABEL_REPEATED }
    field { name: "l" number: 2 type: TYPE_MESSAGE type_name: ".fuzz.Cell" label: LABEL_REPEATED }
  }
  message_type {
    name: "Cell"
    field { name: "m" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
    field {
      name: "n"
      number: 2
      type: TYPE_FIXED64
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 2 }
      }
    }
  }
  message_type {
    name: "Place"
    field {
      name: "o"
      number: 1
      type: TYPE_STRING
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { vocabulary: "" vocabulary: "Porto" }
      }
    }
    field { name: "p" number: 2 type: TYPE_SINT32 label: LABEL_REPEATED }
  }
  message_type {
    name: "Fixed"
    field {
      name: "q"
      number: 1
      type: TYPE_FLOAT
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 2 shape: 2 }
      }
    }
    field { name: "r" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
    field {
      name: "s"
      number: 3
      type: TYPE_INT32
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 0 }
      }
    }
    field {
      name: "t"
      number: 4
      type: TYPE_BYTES
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { dtype: UINT8 shape: 2 }
      }
    }
  }
  message_type {
    name: "Limited"
    field {
      name: "u"
      number: 1
      type: TYPE_FLOAT
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { minimum: -1 maximum: 0.1 }
      }
    }
    field {
      name: "v"
      number: 2
      type: TYPE_DOUBLE
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { finite: true maximum: 2 }
      }
    }
    field {
      name: "w"
      number: 3
      type: TYPE_SFIXED32
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { minimum: -3 maximum: 300 }
      }
    }
    field {
      name: "x"
      number: 4
      type: TYPE_FLOAT
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { minimum: -1e39 finite: true }
      }
    }
    field {
      name: "y"
      number: 5
      type: TYPE_FLOAT
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { shape: 1 shape: 1 maximum: 7 }
      }
    }
  }
  message_type {
    name: "Examples"
    field {
      name: "all"
      number: 1
      type: TYPE_MESSAGE
      type_name: ".fuzz.Example"
      label: LABEL_REPEATED
      options {
        [trilho.contract.batch]: true
      }
    }
  }
  message_type {
    name: "Example"
    field { name: "a" number: 1 type: TYPE_FLOAT label: LABEL_REPEATED }
    field {
      name: "b"
      number: 2
      type: TYPE_DOUBLE
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { shape: 1 minimum: -4 }
      }
    }
    field { name: "c" number: 3 type: TYPE_STRING label: LABEL_REPEATED }
    field { name: "d" number: 4 type: TYPE_BYTES label: LABEL_OPTIONAL }
    field { name: "e" number: 5 type: TYPE_SINT32 label: LABEL_REPEATED }
    field { name: "f" number: 6 type: TYPE_BOOL label: LABEL_OPTIONAL }
    field { name: "g" number: 7 type: TYPE_UINT64 label: LABEL_OPTIONAL }
    field {
      name: "h"
      number: 8
      type: TYPE_FLOAT
      label: LABEL_OPTIONAL
      oneof_index: 0
      proto3_optional: true
      options {
        [trilho.contract.tensor] { default_number: 0.5 }
      }
    }
    field {
      name: "j"
      number: 9
      type: TYPE_FIXED32
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 2 }
      }
    }
    field { name: "k" number: 10 type: TYPE_MESSAGE type_name: ".fuzz.Place" label: LABEL_OPTIONAL }
    oneof_decl { name: "_h" }
  }
  service {
    name: "Fuzz"
    method {
      name: "Batch"
      input_type: ".fuzz.Batch"
      output_type: ".fuzz.Batch"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
    method {
      name: "Any"
      input_type: ".fuzz.Any"
      output_type: ".fuzz.Any"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
    method {
      name: "Fixed"
      input_type: ".fuzz.Fixed"
      output_type: ".fuzz.Fixed"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
    method {
      name: "Limited"
      input_type: ".fuzz.Limited"
      output_type: ".fuzz.Limited"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
    method {
      name: "Examples"
      input_type: ".fuzz.Examples"
      output_type: ".fuzz.Batch"
      options {
        [trilho.contract.model] { name: "m" example_input: "examples" }
      }
    }
    method {
      name: "Example"
      input_type: ".fuzz.Example"
      output_type: ".fuzz.Any"
      options {
        [trilho.contract.model] { name: "m" example_input: "examples" }
      }
    }
  }
)pb";

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_FUZZ_CONTRACT_REQUEST_MESSAGES_H_
