"""Chat templates of every common shape come apart into the pieces around the contents."""

import json
from pathlib import Path
from typing import Any

import pytest

from codeword.codebook.errors import ModelError
from codeword.controller.tokens import ChatFormat
from tests.controller.tiny import CHATML

# As SmolLM2 ships it: a system turn of its own where none is given.
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + "
    "message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = "
    "messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != "
    "false %}{% set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}{% else %}"
    "{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% endif %}{% endfor %}"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
    "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
    "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
# As Gemma and some Mistral models do it: a system role is refused.
NO_SYSTEM = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}"
    "{% for message in messages %}<start_of_turn>{{ message['role'] }}\n{{ message['content'] | trim }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
IGNORES_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[{{ m['content'] }}]{% endif %}{% endfor %}"
    "{{ strftime_now('%d %b %Y') }}"
)


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        (CHATML, ("<|im_start|>system\n", "<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")),
        (SMOLLM2, ("<|im_start|>system\n", "<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")),
        (LLAMA2, ("<s>[INST] <<SYS>>\n", "\n<</SYS>>\n\n", " [/INST]")),
        (
            LLAMA3,
            (
                "<s><|start_header_id|>system<|end_header_id|>\n\n",
                "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
                "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
            ),
        ),
        (NO_SYSTEM, ("<s><start_of_turn>user\n", "\n\n", "<end_of_turn>\n<start_of_turn>model\n")),
        (IGNORES_SYSTEM, ("[", "\n\n", "]01 Jan 2025")),
    ],
)
def test_pieces(template: str, pieces: tuple[str, str, str]) -> None:
    assert ChatFormat.from_template(template, {"bos_token": "<s>"}, "here").pieces == pieces


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for", "here: the chat template cannot be rendered"),
        ("nothing", "here: the chat template does not put the system text and then the user text, once each"),
        ("{{ messages[0].content }}{{ messages[-1].content }}{{ messages[-1].content }}", "once each"),
        ("{{ raise_exception('never') }}", r"cannot be rendered \(never\)"),
        ("{{ messages.append(1) }}", "cannot be rendered"),
        ("{{ ''.__class__.__mro__ }}{{ messages[0].content.x.y }}", "cannot be rendered"),
    ],
)
def test_templates_that_cannot_be_used(template: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ChatFormat.from_template(template, {}, "here")


FOUND = ("[", "|", "]")
TEMPLATE = "[{{ messages[0].content }}|{{ messages[1].content }}]"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer_config.json", {"chat_template": TEMPLATE}),
        (
            "tokenizer_config.json",
            {"chat_template": [{"name": "tools", "template": "no"}, {"name": "default", "template": TEMPLATE}]},
        ),
        ("chat_template.json", {"chat_template": TEMPLATE}),
        ("chat_template.jinja", TEMPLATE),
    ],
)
def test_templates_are_found_where_models_have_them(tmp_path: Path, file: str, content: Any) -> None:
    (tmp_path / file).write_text(content if isinstance(content, str) else json.dumps(content))
    assert ChatFormat.read(tmp_path).pieces == FOUND


def test_a_file_of_its_own_goes_before_the_config(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "no"}')
    (tmp_path / "chat_template.json").write_text('{"chat_template": "neither"}')
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    assert ChatFormat.read(tmp_path).pieces == FOUND


NONE = "there is no chat template in it; take a model tuned for chat"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("none", "", NONE),
        ("tokenizer_config.json", "{}", NONE),
        ("tokenizer_config.json", '{"chat_template": ""}', NONE),
        ("tokenizer_config.json", '{"chat_template": ["a", {"name": "default"}, {"name": "tools"}]}', NONE),
        ("tokenizer_config.json", '{"chat_template": 3}', NONE),
        ("tokenizer_config.json", "{", r"tokenizer_config\.json: not JSON"),
        ("tokenizer_config.json", "[]", r"tokenizer_config\.json: not a JSON object"),
        ("chat_template.json", "{", r"chat_template\.json: not JSON"),
        ("chat_template.json", "3", r"chat_template\.json: not a JSON object"),
        ("chat_template.jinja", "", NONE),
    ],
)
def test_folders_without_a_template_are_refused(tmp_path: Path, file: str, content: str, message: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(ModelError, match=message):
        ChatFormat.read(tmp_path)


def test_special_tokens_are_named_in_any_form(tmp_path: Path) -> None:
    template = "{{ bos_token }}{{ messages[0].content }}{{ unk_token }}{{ messages[1].content }}{{ eos_token }}"
    config = {"bos_token": "<a>", "unk_token": {"content": "<b>"}, "eos_token": None, "chat_template": template}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert ChatFormat.read(tmp_path).pieces == ("<a>", "<b>", "")
