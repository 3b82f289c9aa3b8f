# SPDX-License-Identifier: Apache-2.0
"""A folder as LeRobot saves it, of a SmolVLA with tiny random weights; no hub is asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import torch

SIZE = 64  # side of the images the network sees
ACTION_DIM = 7
STATE_DIM = 8
STATISTICS = 'policy_postprocessor_step_0_unnormalizer_processor.safetensors'
INPUTS = ('observation.images.image', 'observation.images.image2')

POLICY_FILE = """\
stack: lerobot
checkpoint: {checkpoint}
tokenizer: {backbone}
cameras:
  agentview: observation.images.image
  wrist: observation.images.image2
state:
  observation.state: 8
instruction:
  input: task
action:
  space: cartesian_delta
  control_hz: 20
  execute_steps: 5
normalisation:
  kind: mean_std
  file: {statistics}
device: cpu
dtype: {dtype}
"""


class StubProcessor:
    """SmolVLA asks its backbone's processor for two token ids and nothing else."""

    tokenizer = SimpleNamespace(fake_image_token_id=1, global_image_token_id=2)

    @classmethod
    def from_pretrained(cls, _):
        return cls()


def save_backbone(folder: Path) -> Path:
    """Configuration of a tiny SmolVLM and a tokeniser of a few words."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast, SmolVLMConfig

    words = ['[PAD]', '[UNK]', 'pick', 'up', 'the', 'milk', 'butter', 'open', 'drawer']
    text = {
        'model_type': 'llama',
        'hidden_size': 32,
        'intermediate_size': 64,
        'num_hidden_layers': 4,
        'num_attention_heads': 4,
        'num_key_value_heads': 2,
        'head_dim': 8,
        'vocab_size': 64,
        'pad_token_id': 0,
    }
    vision = {
        'hidden_size': 32,
        'intermediate_size': 64,
        'num_hidden_layers': 2,
        'num_attention_heads': 4,
        'image_size': SIZE,
        'patch_size': 16,
    }
    SmolVLMConfig(
        text_config=text, vision_config=vision, scale_factor=2, image_token_id=3, pad_token_id=0
    ).save_pretrained(folder)
    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token='[UNK]'))
    tokenizer.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token='[PAD]', unk_token='[UNK]'
    ).save_pretrained(folder)
    return folder


def save_checkpoint(folder: Path, backbone: Path) -> Path:
    """Weights, configuration and processors, written by LeRobot itself."""
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.policies.factory import make_pre_post_processors
    from lerobot.policies.smolvla.configuration_smolvla import SmolVLAConfig
    from lerobot.policies.smolvla.modeling_smolvla import SmolVLAPolicy

    image = PolicyFeature(FeatureType.VISUAL, (3, SIZE, SIZE))
    config = SmolVLAConfig(
        input_features={
            **dict.fromkeys(INPUTS, image),
            'observation.state': PolicyFeature(FeatureType.STATE, (STATE_DIM,)),
        },
        output_features={'action': PolicyFeature(FeatureType.ACTION, (ACTION_DIM,))},
        chunk_size=10,
        n_action_steps=5,
        vlm_model_name=str(backbone),
        num_vlm_layers=4,
        resize_imgs_with_padding=(SIZE, SIZE),
        device='cpu',
    )
    torch.manual_seed(0)
    policy = SmolVLAPolicy(config)
    with torch.no_grad():  # at its initial scale the head hardly answers
        policy.model.action_out_proj.weight.mul_(5)
    generator = torch.Generator().manual_seed(1)
    statistics = {
        name: {
            'mean': 0.1 * torch.randn(n, generator=generator),
            'std': 0.5 + torch.rand(n, generator=generator),
        }
        for name, n in (('observation.state', STATE_DIM), ('action', ACTION_DIM))
    }
    policy.save_pretrained(folder)
    for processor in make_pre_post_processors(config, dataset_stats=statistics):
        processor.save_pretrained(folder)
    return folder
