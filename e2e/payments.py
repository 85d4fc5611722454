"""A service with every kind of rule: the contract of its team, and its calls."""

from pathlib import Path
from typing import Any

import grpc

from e2e.contract_messages import message_class
from e2e.waiting import PATIENCE_SECONDS

__all__ = ["PROTO", "SERVICE", "Payments", "payment"]

SERVICE = "acme.payments.PaymentService"

# Score has tensors; ScoreExamples the same fields as features of tf.Examples; Explain has no model.
PROTO = """
syntax = "proto3";
package acme.payments;
import "trilho/contract.proto";

service PaymentService {
  rpc Score(ScoreRequest) returns (ScoreResponse) {
    option (trilho.contract.model) = {name: "payments"};
  }
  rpc ScoreExamples(ScoreRequest) returns (ScoreResponse) {
    option (trilho.contract.model) = {
      name: "payments" signature: "examples" example_input: "examples"
    };
  }
  rpc Explain(ScoreRequest) returns (ScoreResponse);
}
message ScoreRequest {
  repeated Payment payments = 1 [(trilho.contract.batch) = true];
}
message Payment {
  optional float amount = 1;
  string country = 2 [(trilho.contract.tensor) = {vocabulary: ["BR", "DE"]}];
  repeated float history = 3;
  optional float discount = 4 [(trilho.contract.tensor) = {default_number: 0.5}];
}
message ScoreResponse {
  repeated Score scores = 1 [(trilho.contract.batch) = true];
}
message Score {
  float value = 1;
}
"""


def payment(**fields: Any) -> dict[str, Any]:
    """A payment that keeps every rule, but for what is given; None leaves a field out."""
    whole = {"amount": 3.0, "country": "BR", "history": [1.0, 2.0], **fields}
    return {name: value for name, value in whole.items() if value is not None}


class Payments:
    """Calls the service."""

    def __init__(self, descriptor_set: Path, channel: grpc.Channel) -> None:
        self._request = message_class(descriptor_set, "acme.payments.ScoreRequest")
        self._response = message_class(descriptor_set, "acme.payments.ScoreResponse")
        self._channel = channel

    def __call__(self, *payments: dict[str, Any], method: str = "Score") -> list[float]:
        """Asks for the scores of payments.

        Args:
            *payments: Fields by name.
            method: Score or ScoreExamples.

        Returns:
            The scores.
        """
        call: Any = self._channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=self._response.FromString,
        )
        answer = call(self._request(payments=payments), timeout=PATIENCE_SECONDS)
        return [score.value for score in answer.scores]
