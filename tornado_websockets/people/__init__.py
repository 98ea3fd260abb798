"""To whom? Users and connections that are named, sent to, thrown out and asked again."""
