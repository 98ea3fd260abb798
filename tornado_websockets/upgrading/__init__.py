"""What a project of 2016 has to change: found in its source, which is never imported."""
