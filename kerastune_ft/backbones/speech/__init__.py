"""What backbones that write down speech take: sounds, and the tokens of their transcripts."""
