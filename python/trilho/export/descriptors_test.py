import pytest

from trilho import census_pb2, contract_pb2, mnist_pb2
from trilho.contract.problems import ContractError
from trilho.export.descriptors import contracts_in


def test_the_methods_of_a_model_are_its_contracts() -> None:
    (contract,) = contracts_in(mnist_pb2.DESCRIPTOR, model="mnist")
    assert contract.full_name == "trilho.mnist.MnistService.Classify"


def test_a_model_that_no_method_names_is_no_model_without_a_contract() -> None:
    with pytest.raises(ContractError) as caught:
        contracts_in(census_pb2.DESCRIPTOR, model="cencus")
    assert str(caught.value) == (
        'trilho/census.proto: no method of it is answered by the model "cencus"; did you mean '
        '"census"? (valid: census)'
    )


def test_a_file_without_any_contract_is_none() -> None:
    with pytest.raises(ContractError, match=r"by the model \"census\" \(valid: none\)"):
        contracts_in(contract_pb2.DESCRIPTOR, model="census")
