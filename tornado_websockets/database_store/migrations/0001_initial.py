import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Topic',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('epoch', models.CharField(max_length=32)),
                ('forgotten', models.PositiveBigIntegerField(default=0)),
                ('floor', models.PositiveBigIntegerField(default=0)),
                ('place', models.PositiveBigIntegerField(default=0)),
                ('size', models.PositiveBigIntegerField(default=0)),
                ('touched_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=32)),
                ('number', models.PositiveBigIntegerField()),
                ('sent_at', models.DateTimeField(db_index=True)),
                ('topic', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='websocket_store.topic')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('topic', 'token'), name='websocket_store_token_once')],
            },
        ),
        migrations.CreateModel(
            name='Sender',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=128)),
                ('last', models.PositiveBigIntegerField()),
                ('is_listed', models.BooleanField(default=True)),
                ('folded', models.PositiveBigIntegerField(default=0)),
                ('folded_with', models.PositiveBigIntegerField(default=0)),
                ('sent_at', models.DateTimeField()),
                ('topic', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='senders', to='websocket_store.topic')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('topic', 'name'), name='websocket_store_sender_once')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveBigIntegerField()),
                ('sender', models.CharField(max_length=128)),
                ('number', models.PositiveBigIntegerField()),
                ('text', models.TextField()),
                ('audience', models.TextField()),
                ('start', models.PositiveBigIntegerField()),
                ('sent_at', models.DateTimeField(db_index=True)),
                ('topic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='websocket_store.topic')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('topic', 'place'), name='websocket_store_event_once')],
            },
        ),
        migrations.CreateModel(
            name='Value',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=128)),
                ('sender', models.CharField(max_length=128)),
                ('number', models.PositiveBigIntegerField()),
                ('text', models.TextField()),
                ('audience', models.TextField()),
                ('sent_at', models.DateTimeField()),
                ('topic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='values_retained', to='websocket_store.topic')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('topic', 'event'), name='websocket_store_value_once')],
            },
        ),
    ]
