from typing import Any

import pytest
from pydantic import ValidationError

from markner.study.schema.chat_runs import ApiModel, ChatRun


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "https://other.example/v1"}, "key_env"),
        ({"base_url": "http://other.example/v1", "key_env": "KEY"}, "in clear"),
        ({"base_url": "https://user:word@host/v1"}, "no user, password"),
        ({"base_url": "https://host/v1?key=secret"}, "query"),
        ({"base_url": "host/v1"}, "must be an address"),
        ({"key_env": "sk-secret-123"}, "pattern"),
        ({"parameters": {"temperature": 1}}, "temperature cannot be set here"),
        ({"price_input": -1.0}, "greater than or equal to 0"),
    ],
)
def test_what_would_leak_or_mislead_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ApiModel(**{"source": "api", "model": "m", **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://127.0.0.1:8000/v1/", "key_env": "KEY"},
        {"base_url": "http://gpu-node:8000/v1", "key_env": ""},
        {"weights": "smollm2"},
        {"parameters": {"reasoning_effort": "low"}},
    ],
)
def test_settings_survive_being_passed_on(settings: dict[str, Any]) -> None:
    model = ApiModel(**{"source": "api", "model": "m", **settings})
    assert ApiModel(**model.model_dump()) == model
    assert not model.base_url.endswith("/")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shots": 5, "shot_selection": "similar"}, "needs `embedding`"),
        ({"seeds": [1, 2]}, "give one seed"),
        ({"shots": 5, "shot_selection": "similar", "embedding": "e", "seeds": [1, 2]}, "give one seed"),
    ],
)
def test_settings_of_a_run_agree(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ChatRun(**{"system": "chat", "model": "m", "evaluate": ["c"], **settings})
    assert ChatRun(system="chat", model="m", evaluate=["c"], shots=5, seeds=[1, 2, 3]).temperature == 0
